import os

from extensions import db
from flask import Flask, jsonify
from sqlalchemy import text


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get(
        "DATABASE_URL", "postgresql+psycopg://members:Iechu7ah@localhost/members"
    )
    app.config["SQLALCHEMY_TRACK_MODIFICATIONS"] = False
    db.init_app(app)

    @app.get("/answer")
    def answer():
        return jsonify(answer=db.session.execute(text("SELECT 6 * 7")).scalar_one())

    with app.app_context():
        db.create_all()
    return app


if __name__ == "__main__":
    create_app().run(port=int(os.environ["PORT"]))
