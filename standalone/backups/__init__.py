"""Backups of a home and its Postgres: made all the time, encrypted, restored to a moment, verified.

keys        the key pair, and GnuPG
barman      barman's command line and its configuration: base backups and the write-ahead log
home_files  models and what else the home holds, in packs
state       how old the newest backup is, for whoever watches
archiving   the process that archives while the platform is up, and one backup by hand
restoring   a home as of a moment
settling    what a restored platform must not do again, and must do again
verifying   a restore into a scratch server
"""
