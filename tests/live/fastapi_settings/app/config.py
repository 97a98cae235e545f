"""What the deployment sets."""

from pydantic import Field
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    title: str = "orders"
    # The async driver is part of the address
    database_url: str = Field(
        default="postgresql+asyncpg://orders:Iechu7ah@localhost/orders",
        description="Where the orders are kept",
    )
    page_size: int = 20


settings = Settings()
