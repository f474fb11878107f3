"""A simulated year of a company in one process: `python -m bench.year [people] [days]`.

Real turns, planning and delivery on SQLite; only the clock is fast. It jumps from moment to moment at which a clock
that runs all day could have something to say, and in between people answer, thank, set goals, go on leave and leave.
What arrived is checked afterwards against days worked out anew, from the calendar alone, by another way.
"""
