"""A tour of crashes: the bot as real processes, killed at chosen moments, and the count of what GitHub shows at the end.

`wire` stands between the bot and GitHub and sees every request and webhook pass; `moments` draws where to strike;
`process` starts and kills; `stage` has GitHub and the person who writes plans; `tour` puts them together; `judge`
counts. The benchmark `crash` and a story of a few kills run on it.
"""
