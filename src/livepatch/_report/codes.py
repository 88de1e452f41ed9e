"""The numbered things livepatch can say: refusals (LP1xx), leftovers (LP2xx), notices (LP3xx).

A number is stable: it is never given a second meaning, and a retired one is not used again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One numbered message: what happened, why, and what to do about it."""

    what: str
    why: str
    remedy: str


CODES: dict[str, Code] = {
    # LP10x: the argument cannot be reloaded at all.
    "LP101": Code(
        "The argument is neither a module nor the name of one.",
        "Only modules have a source that can be run again.",
        "Pass the module object or its dotted name; for a class or function pass its module.",
    ),
    "LP102": Code(
        "The module is __main__.",
        "To run a script again would start the program again; cells have no file to be brought to.",
        'Use the default rerun="changed" for a script that has a file; or move the code into a '
        "module.",
    ),
    "LP103": Code(
        "The package has no source file of its own.",
        "A namespace package is only a list of folders; there is nothing to run.",
        "Reload the modules inside it.",
    ),
    "LP104": Code(
        "The module is built in, frozen, or a compiled extension.",
        "Its definitions are C objects that CPython cannot load a second time over the first.",
        "Restart the process to get another version of it.",
    ),
    "LP105": Code(
        "The module's source file cannot be read.",
        "It was moved or deleted, or this process may not read it.",
        "Put the file back (or fix its permissions) and reload again. One that is gone for good "
        "goes with its package: livepatch.reload_changed(package).",
    ),
    "LP106": Code(
        "The module's source file is not text in the encoding it declares.",
        "A source without an encoding line must be UTF-8 (PEP 3120).",
        "Save it as UTF-8, or declare its encoding in the first two lines (PEP 263).",
    ),
    "LP107": Code(
        "sys.modules holds something else than a module under that name.",
        "The module replaced itself by an object when it was imported, so its namespace is not "
        "the one its importers see.",
        "Reload the modules behind that object, or restart.",
    ),
    "LP108": Code(
        "The module has not been imported, or is no longer in sys.modules.",
        "There is nothing to bring up to date.",
        "Import it first.",
    ),
    "LP109": Code(
        "A reload is already under way in this thread.",
        "The module being loaded (or a hook) asked for another reload while the first one was "
        "half done.",
        "Call livepatch.reload after the first one has returned.",
    ),
    "LP110": Code(
        "An option has a value it cannot have.",
        "keep takes names of globals; strategy is 'auto' or 'repoint'; rerun is 'all', 'changed' "
        "or names of globals.",
        "Correct the option.",
    ),
    # LP12x: the edit is refused; nothing has changed.
    "LP121": Code(
        "The layout of a class that has live instances changed.",
        "CPython fixes where an object keeps its slots when the object is made, and an object "
        "cannot change it afterwards.",
        "Drop the instances first, keep the slots as they were, or restart.",
    ),
    "LP122": Code(
        "The built-in base of a class that has live instances changed.",
        "An object made as one built-in type cannot become another.",
        "Drop the instances first, or restart.",
    ),
    "LP123": Code(
        "The fields of a named tuple that has live instances changed.",
        "A tuple's length is fixed when it is made; with the new class, old tuples would raise "
        "IndexError.",
        "Drop the instances first, or restart.",
    ),
    "LP124": Code(
        "A subclass in another module cannot take the new base.",
        "CPython refuses the __bases__ assignment (layout conflict, or no consistent order of "
        "the bases), or would make no class of them: an enumeration with members is no base.",
        "Reload that subclass's module together with this one, or restart.",
    ),
    "LP125": Code(
        "The interpreter refused a change while it was being made.",
        "A check that livepatch made beforehand let something through; everything was undone.",
        "Please report it with the text of the error.",
    ),
    "LP126": Code(
        "A new field of a class has no value for the instances that live.",
        "Only a default, a default factory or a hook can say what old instances get.",
        "Give the field a default; or, but for named tuples, the class a method "
        "__livepatch_migrate__(self, change): the live class, where its source is not yours.",
    ),
    "LP127": Code(
        "A library keeps a register of its own in which the class would stand twice.",
        "SQLAlchemy maps a class, and Django enters a model, when its statement runs; who is there "
        "already cannot be exchanged for what it would make.",
        "Stay with rerun='changed', which runs no class statement that says the same and uses "
        "nothing that has changed; restart for another one.",
    ),
    # LP13x: a reload cannot be taken back.
    "LP130": Code(
        "There is nothing to take back.",
        "The reload was a dry run, or it has been taken back already.",
        "Nothing to do.",
    ),
    "LP131": Code(
        "A later reload of the same module is still in force.",
        "Reloads are taken back in the reverse of their order.",
        "Call undo() on the report of the later reload first.",
    ),
    # LP2xx: what could not be moved.
    "LP201": Code(
        "An object that cannot be changed from Python holds an old definition.",
        "The holder keeps it in C memory with no way to set it.",
        "An old function there was forwarded (it runs the new code) and an old class follows "
        "the new one as far as it can; make the holder anew to be rid of it.",
    ),
    "LP202": Code(
        "A running frame holds an old definition in a local variable.",
        "Before Python 3.13 a running frame's locals cannot be written from outside.",
        "It is gone when that function returns; an old function there runs the new code.",
    ),
    "LP203": Code(
        "A closure made at run time could not take the new code.",
        "The new code needs a variable of the enclosing call that the old closure never captured.",
        "Make the closure anew; until then it runs the old code.",
    ),
    "LP204": Code(
        "A class made inside a function changed outside its methods.",
        "Its body runs only when the enclosing function is called, so there is no new class to "
        "move to; its methods took the new code.",
        "Call the enclosing function again to get the new class.",
    ),
    "LP205": Code(
        "gc.freeze() hides objects from the search.",
        "Frozen objects are not listed by gc.get_referrers or gc.get_objects.",
        "Call gc.unfreeze() before the reload, or livepatch before gc.freeze().",
    ),
    "LP206": Code(
        "Something holds an old definition that the garbage collector cannot see.",
        "C code (a callback slot, a signal or exit handler, a C stack) keeps a reference.",
        "An old function there was forwarded: it runs the new code.",
    ),
    # LP3xx: worth knowing.
    "LP207": Code(
        "Two definitions had become one, and cannot be told apart on the way back.",
        "An import had taken a definition's place, so whoever held the one and whoever held the "
        "other hold the same object now.",
        "Restart if somebody must have the earlier one again.",
    ),
    "LP208": Code(
        "A cache could not be emptied after the change.",
        "The call that empties it, or registers a class again, raised an error. The change itself "
        "is whole.",
        "Empty it yourself; the message names the error.",
    ),
    "LP209": Code(
        "An old instance of a class whose layout changed is still held.",
        "It was replaced by a new one wherever it could be, and something that cannot be changed "
        "has a reference of its own to it.",
        "It stays what it was, with the old class; let its holder look it up again.",
    ),
    "LP210": Code(
        "A key has another hash or equals another key now, and its table could not follow.",
        "A frozenset keeps the hashes its members had when it was built, and of keys that have "
        "become equal a dict or set keeps one.",
        "Build the frozenset anew; look at the entry that was dropped.",
    ),
    "LP211": Code(
        "A definition has changed, and its statement gave the object that was there already.",
        "Its decorator or metaclass keeps what it makes and returned that, or the source takes "
        "what there is by the name (`X = X`, `try: X`).",
        "Have it forget the name, or delete that from the module, and reload with rerun='all'.",
    ),
    "LP301": Code(
        "A frame still runs old code.",
        "Code is looked up when a function is called; a call that has begun goes on as it was.",
        "It ends when that function returns; a loop that never returns must be restarted.",
    ),
    "LP302": Code(
        "A global was made anew while something still holds the old object.",
        "The statement that makes it ran again.",
        "Name it in keep=(...) or in __livepatch_keep__ to keep the live object.",
    ),
    "LP303": Code(
        "A class attribute keeps a value that its source does not give.",
        "The source did not change it, so the value in the process is state.",
        "Set it again if you want the source's value.",
    ),
    "LP304": Code(
        "A value that was set at run time was replaced by the source's.",
        "The source binds that name and it was made anew (or its source changed).",
        "Apply the patch again if you still want it.",
    ),
    "LP305": Code(
        "The source this module was imported from is not known.",
        "There is no bytecode cache that fits the functions in the process, and livepatch did "
        "not load it.",
        "Nothing to do: from this reload on it is known. Values in doubt are named one by one.",
    ),
    "LP306": Code(
        "A class with live instances is no longer in the source, or something else by now.",
        "Instances of it exist, so the old class stays with them: they cannot become what it is.",
        "Drop the instances, or put the class back.",
    ),
    "LP308": Code(
        "A global named in keep does not exist.",
        "Neither the live module nor its new source binds it.",
        "Check the spelling.",
    ),
    "LP309": Code(
        "An old definition that has no successor is still held.",
        "The new source no longer has it.",
        "Drop the reference; until then it is the old code.",
    ),
    "LP310": Code(
        "A definition has vanished, and several new ones bear its name.",
        "One was added in each of several other modules, so it is not clear where it has moved to.",
        "Import it from its new place where it was; then its holders follow.",
    ),
    "LP311": Code(
        "A module of the package is no longer there.",
        "Its file has gone, or its new source cannot be imported and who imported it goes on "
        "without it.",
        "Nothing, if that was intended. It stays loaded while something holds it.",
    ),
    "LP312": Code(
        "A module that was not reloaded has computed something from what has changed.",
        "Its import statements say that it uses the changed name; what it made of it is data now.",
        "Reload that module too, or pass dependents=True.",
    ),
    "LP313": Code(
        "A value was kept although something it was computed from has changed.",
        "Only what changed runs again; the statement that computed the value did not change.",
        "Name it in rerun=(...) to compute it anew, or reload with rerun='all'; have a cache of "
        "another module's function ask again by its cache_clear().",
    ),
    "LP314": Code(
        "The effect of a statement that has changed or gone was not taken back.",
        "What it had added to an object that is still there cannot be told from other state.",
        "Name the object in rerun=(...) to make it anew, or reload with rerun='all', together with "
        "the module that has the object.",
    ),
    "LP315": Code(
        "Everything ran again, and not only what had changed.",
        "What had changed could not be told, or it changes what the rest means; the message says "
        "which.",
        "Nothing to do: the module is at its new source, as with rerun='all'.",
    ),
    "LP316": Code(
        "A global named in rerun is bound by no statement.",
        "The new source does not bind that name.",
        "Check the spelling.",
    ),
    "LP317": Code(
        "Instances were given an attribute that __init__ assigns now and did not before.",
        "It assigns a literal, an empty container or a field's default, which needs no arguments.",
        "Nothing to do. Each instance has a container of its own.",
    ),
    "LP318": Code(
        "Instances lack an attribute that __init__ assigns now and did not before.",
        "They were made before, and what it assigns depends on its arguments or on other code.",
        "Set it on the instances, or give the class a method __livepatch_migrate__(self, change).",
    ),
    "LP319": Code(
        "Instances may keep what a cached property had computed.",
        "It is among an instance's own attributes, and hides what the class has by that name now.",
        "Delete it where you want the new one: vars(instance).pop(name, None).",
    ),
    "LP320": Code(
        "A global was made anew without what other modules had entered in it.",
        "The statement that makes it ran again, and theirs did not: their decorators, say.",
        "Reload these modules too, or pass dependents=True; name it in keep=(...) to keep it.",
    ),
    "LP321": Code(
        "The source was run as it is in the file; the module's loader may have run something else.",
        "The loader has an exec_module or get_code of its own, which livepatch does not call.",
        "Let the loader rewrite the source in source_to_code, as importlib's loaders compile it.",
    ),
    "LP322": Code(
        "A global named in keep is a function or class, and followed its source all the same.",
        "keep names data; a definition is brought to what the source says, body and all.",
        "Leave it out of keep; to keep the old code, leave the source as it is.",
    ),
    "LP323": Code(
        "A context variable keeps the default it was made with.",
        "CPython fixes it then, and another variable would be without the values that contexts "
        "have of this one.",
        "Set the variable where you want the new value, or reload while no context has one.",
    ),
    "LP324": Code(
        "Instances may have an attribute that hides a method which has come.",
        "The class's old methods assigned an attribute of that name, and do not any more.",
        "Delete it where you want the method: vars(instance).pop(name, None).",
    ),
    "LP325": Code(
        "A property or the like has come, and hides an attribute that instances have.",
        "The class's methods assigned the attribute; what has come keeps its value elsewhere.",
        "Assign it again (instance.name = vars(instance).pop(name)), or say so in "
        "__livepatch_migrate__.",
    ),
}


def explain(code: str) -> str:
    """Say what a livepatch code means, why it happens and what to do.

    Args:
        code: a code such as ``"LP104"``, in any case.

    Returns:
        Three sentences of plain text, one a line, headed by the code.

    Raises:
        KeyError: no such code; the message lists those there are.

    >>> print(explain("lp102").splitlines()[0])
    LP102: The module is __main__.
    """
    wanted = str(code).upper()
    if wanted not in CODES:
        msg = f"no livepatch code {code!r}; there are {', '.join(CODES)}"
        raise KeyError(msg)
    entry = CODES[wanted]
    return f"{wanted}: {entry.what}\nWhy: {entry.why}\nWhat to do: {entry.remedy}"
