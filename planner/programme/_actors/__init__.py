"""What each actor may choose, and the master that puts their choices together.

An actor's choices are paths of a diagram (:mod:`.diagram`, compiled in :mod:`.kernel`); what binds
actors together are the common rules (:mod:`.blocks`), whose prices arbitrate (:mod:`.columns`).
"""
