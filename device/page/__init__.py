"""The page of the box: what staff ask first, in Kazakh, Russian and English.

site ──► guard · sessions · label_code        who may ask, and for what
     ──► now · history                        what is heard at this moment, what was heard in a stretch of time
     ──► day_picture · month · programme      pictures and accounts of it
     ──► spreadsheet · bundle                 what is taken away
     ──► language · words                     and how it is said
"""
