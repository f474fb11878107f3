"""Four quarters of a company of 300 people, through every feature, by the events that platforms make.

`town` is who works there, `habits` what they do with what they are shown, `folk` how they do it, `run` the clock.
What came of it is judged by tables of its own: `readers` says who may have got to read which words, `checks` what was
promised, what has to have ended, and how much anybody may be told in a week.
"""
