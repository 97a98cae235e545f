"""Settings of the site."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "only for tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_of_tests.urls"
INSTALLED_APPS: list[str] = []

# The database
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "site",
        "USER": "site",
        "PASSWORD": "Iechu7ah",  # changed every year
        "HOST": "localhost",
        "CONN_MAX_AGE": 60,
    }
}
