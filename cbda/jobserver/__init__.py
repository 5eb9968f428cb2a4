"""Jobs forked from a process that has imported what they need: they start in no time.

The command of a job hands its arguments, files and folder to the server of its run, if there is one
in the very surroundings that it has itself, and waits. Whatever is amiss, it does its work itself.
"""
