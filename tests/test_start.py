"""What start-up runs of what it is given: functions handed on, objects of several classes, stretches that never run."""

from __future__ import annotations

import pytest
from tree import STARTUP, holds

_SCHEMA = """
        --- schema.py
        from alembic import command
        def up():
            command.upgrade(None, "head")  {up}
        def down():
            command.downgrade(None, "-1")  {down}
        --- main.py
        from fastapi import FastAPI
        from schema import down, up
        app = FastAPI()
"""

HANDED = {
    "a runner that is a method": """
        class Runner:
            def run(self, function):
                return function()
        runner = Runner()
        async def reset():
            runner.run(down)
        @app.on_event("startup")
        async def start():
            runner.run(up)
        """,
    "by keyword, through a chain": """
        def last(function):
            return function()
        def middle(*, function):
            return last(function)
        def first(function):
            return middle(function=function)
        async def reset():
            first(down)
        @app.on_event("startup")
        async def start():
            first(up)
        """,
    "a runner that calls itself": """
        def again(function, times):
            try:
                return function()
            except OSError:
                return again(function, times - 1)
        async def reset():
            again(down, 3)
        @app.on_event("startup")
        async def start():
            again(up, 3)
        """,
    "a default": """
        def run(function=up):
            return function()
        async def reset():
            run(down)
        @app.on_event("startup")
        async def start():
            run()
        """,
    "a thread with its arguments": """
        from threading import Thread
        def run(function):
            return function()
        async def reset():
            Thread(target=run, args=(down,)).start()
        @app.on_event("startup")
        async def start():
            Thread(target=run, args=(up,)).start()
        """,
    "a closure for each": """
        def safely(function):
            def inner(*args):
                return function(*args)
            return inner
        safe_up = safely(up)
        safe_down = safely(down)
        @app.on_event("startup")
        async def start():
            safe_up()
        """,
    "a lambda around what is handed on": """
        import asyncio
        async def aside(function):
            await asyncio.to_thread(lambda: function())
        async def reset():
            await aside(down)
        @app.on_event("startup")
        async def start():
            await aside(up)
        """,
    "by its name in a table": """
        TABLE = {"up": up, "down": down}
        def run(name):
            return TABLE[name]()
        async def reset():
            run("down")
        @app.on_event("startup")
        async def start():
            run("up")
        """,
    "in a list": """
        def run(functions):
            for function in functions:
                function()
        async def reset():
            run([down])
        @app.on_event("startup")
        async def start():
            run([up])
        """,
    "kept by an object that is made with it": """
        class Task:
            def __init__(self, function):
                self.function = function
            def go(self):
                self.function()
        class Plan:
            def __init__(self, task):
                self.task = task
            def go(self):
                self.task.go()
        async def reset():
            Plan(Task(down)).go()
        @app.on_event("startup")
        async def start():
            Plan(Task(up)).go()
        """,
    "an object of another class": """
        class Step:
            def go(self):
                self.work()
            def work(self): ...
        class Up(Step):
            def work(self):
                up()
        class Down(Step):
            def work(self):
                down()
        def run(step):
            step.go()
        async def reset():
            run(Down())
        @app.on_event("startup")
        async def start():
            run(Up())
        """,
    "a class that is made later": """
        class Up:
            def go(self):
                up()
        class Down:
            def go(self):
                down()
        def run(kind):
            kind().go()
        async def reset():
            run(Down)
        @app.on_event("startup")
        async def start():
            run(Up)
        """,
    "a context that is entered": """
        class Doing:
            def __init__(self, function):
                self.function = function
            def __enter__(self):
                self.function()
            def __exit__(self, *error): ...
        async def reset():
            with Doing(down):
                pass
        @app.on_event("startup")
        async def start():
            with Doing(up):
                pass
        """,
    "what a setter keeps": """
        def hello(): ...
        class Jobs:
            def keep(self, function):
                self.function = function
            def go(self):
                self.function()
        jobs = Jobs()
        HANDLER = hello
        def install(function):
            global HANDLER
            HANDLER = function
        @app.post("/reset")
        def reset():
            jobs.keep(down)
            install(down)
        @app.on_event("startup")
        def start():
            jobs.keep(up)
            jobs.go()
            HANDLER()
        """,
    "functions that are made of each other": """
        def outer(function):
            again = inner
            def inner(times=0):
                if times:
                    return again(times - 1)
                return function()
            again = inner
            return inner()
        async def reset():
            outer(down)
        @app.on_event("startup")
        async def start():
            outer(up)
        """,
    "many other callers of the runner": "".join(
        f"""
        async def other_{number}():
            run(down)
        """
        for number in range(20)
    )
    + """
        def run(function):
            function()
        @app.on_event("startup")
        async def start():
            run(up)
        """,
}


@pytest.mark.parametrize("case", HANDED, ids=str)
def test_handed(case: str) -> None:
    holds(_SCHEMA.format(up="#= GRV303", down="") + HANDED[case], *STARTUP)


_FLAG = "from typing import TYPE_CHECKING\n        "
IDLE = {
    "typing's flag as an attribute": "import typing\n        if typing.TYPE_CHECKING:\n            import other",
    "its other branch": f"{_FLAG}if not TYPE_CHECKING:\n            pass\n        else:\n            import other",
    "false": "if False:\n            import other",
    "a slip": 'if __name__ == "__name__":\n            import other',
    "inside a function": f"{_FLAG}def f():\n            if TYPE_CHECKING:\n                import other\n        f()",
}
RUN = {
    "not for the type checker": f"{_FLAG}if TYPE_CHECKING:\n            pass\n        else:\n            import other",
    "true": "if True:\n            import other",
    "the program": 'if __name__ == "__main__":\n            import other',
    "unless it is the program": 'if __name__ != "__main__":\n            import other',
    "among the programs": 'if __name__ in {"__main__", "__mp_main__"}:\n            import other',
    "a setting": "import os\n        if os.environ.get('X'):\n            import other",
}
_OTHER = """
        --- other.py
        from sqlalchemy import MetaData
        MetaData().create_all(None)  #= {code}
        --- main.py
        from fastapi import FastAPI
        app = FastAPI()
        {way}
"""


@pytest.mark.parametrize("case", IDLE, ids=str)
def test_idle(case: str) -> None:
    holds(_OTHER.format(code="GRV302", way=IDLE[case]), *STARTUP)


@pytest.mark.parametrize("case", RUN, ids=str)
def test_run(case: str) -> None:
    holds(_OTHER.format(code="GRV301", way=RUN[case]), *STARTUP)


TYPED = {
    "a variable": "store: Store = find()\n            store.open()",
    "in quotes": 'store: "Store" = find()\n            store.open()',
    "in quotes, perhaps none": 'store: "Store | None" = find()\n            store.open()',
    "optional": "from typing import Optional\n            store: Optional[Store] = find()\n            store.open()",
    "before it is set": "store: Store\n            store = find()\n            store.open()",
    "a parameter": "def inner(one: Store):\n                one.open()\n            inner(find())",
    "a result": "def give() -> Store:\n                return find()\n            give().open()",
    "a result, set first": "def give() -> Store:\n                return find()\n            one = give()\n"
    "            one.open()",
    "a container": "find().get(Store).open()",
    "a container, set first": "one = find().resolve(Store)\n            one.open()",
    "handed to a thread": "store: Store = find()\n            import threading\n"
    "            threading.Thread(target=store.open).start()",
    "a variable of the module": "kept.open()",
    "an attribute of the class": "Holder().go()",
}


@pytest.mark.parametrize("case", TYPED, ids=str)
def test_typed(case: str) -> None:
    text = f"""
        --- store.py
        from alembic import command
        class Store:
            def open(self):
                command.upgrade(None, "head")  #= GRV303
            def close(self):
                command.downgrade(None, "-1")
        --- main.py
        from fastapi import FastAPI
        from somewhere import find
        from store import Store
        app = FastAPI()
        kept: Store = find()
        class Holder:
            store: Store
            def go(self):
                self.store.open()
        @app.on_event("startup")
        def start():
            {TYPED[case]}
        """
    holds(text, *STARTUP)


def test_what_is_no_object_of_a_class() -> None:
    """An annotation of a list says nothing of the list, and who is given two classes gives neither's object."""
    holds(
        """
        --- main.py
        from fastapi import FastAPI
        from somewhere import find
        from alembic import command
        class Holder: ...
        class Store:
            def append(self, item):
                command.upgrade(None, "head")
        app = FastAPI()
        @app.on_event("startup")
        def start():
            stores: list[Store] = find()
            stores.append(1)
            find().get(Store, Holder).append(1)
            find().unknown(Store).append(1)
        """,
        *STARTUP,
    )
