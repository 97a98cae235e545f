"""What no reading of the code can decide, by name and with the reason: nothing may be said there."""

from __future__ import annotations

from matrix.ways import Way

COMPUTED = "which attribute it is, only the run knows"
MODULE = "which module it is, only the run knows"
EXECUTED = "text that is executed is not read as code"
OUTSIDE = "it leaves the code, and comes back in a shape that no table describes"
REPLACED = "a library decides what stands for it"

UNDECIDED: tuple[tuple[Way, str], ...] = (
    (Way("attribute by a computed name", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        --- PKG/db.py
        import os
        from PKG import config
        IMPORT
        opened = OPEN(getattr(config, os.environ["SHOP_WHICH"]))  #< sink
        """), COMPUTED),
    (Way("attributes set by computed names", """
        --- PKG/db.py
        import os
        IMPORT
        class Config:
            pass
        for name, value in zip(load(), [VALUE]):  #< source
            setattr(Config, name, value)
        opened = OPEN(Config.target)  #< sink
        """), COMPUTED),
    (Way("module by a computed name", """
        --- PKG/config.py
        import os
        TARGET = VALUE  #< source
        --- PKG/db.py
        import importlib
        import os
        IMPORT
        config = importlib.import_module(os.environ["SHOP_MODULE"])
        opened = OPEN(config.TARGET)  #< sink
        """), MODULE),
    (Way("executed text", """
        --- PKG/db.py
        import os
        IMPORT
        found = {"target": VALUE}  #< source
        exec("target = found['target']")
        opened = OPEN(target)  #< sink
        """), EXECUTED),
    (Way("through JSON", """
        --- PKG/db.py
        import json
        import os
        IMPORT
        TARGET = json.loads(json.dumps({"target": VALUE}))  #< source
        opened = OPEN(TARGET["target"])  #< sink
        """), OUTSIDE),
    (Way("through a queue", """
        --- PKG/db.py
        import os
        import queue
        IMPORT
        waiting = queue.Queue()
        waiting.put(VALUE)  #< source
        opened = OPEN(waiting.get())  #< sink
        """), OUTSIDE),
    (Way("through a container of dependencies", """
        --- PKG/db.py
        import os
        from dependency_injector import containers, providers
        IMPORT
        class Container(containers.DeclarativeContainer):
            config = providers.Configuration()
        container = Container()
        container.config.target.from_value(VALUE)  #< source
        opened = OPEN(container.config.target())  #< sink
        """), REPLACED),
    (Way("attribute of a class with a metaclass of a library", """
        --- PKG/db.py
        import os
        from elsewhere import Registry
        IMPORT
        class Config(metaclass=Registry):
            pass
        Registry.add(Config, VALUE)  #< source
        opened = OPEN(Config.target)  #< sink
        """), REPLACED),
)
