/**
 * How the event log's file came to its present layout: one step for each version, from the empty
 * file on, each kept in the file's `user_version`. What was released is never edited, only
 * followed by a further step, so that a new file and an old one end up the same.
 */

/** Tells a file of ours from another program's (SQLite's `application_id`): "4wir" in ASCII. */
export const APPLICATION_ID = 0x34776972

export const MIGRATIONS: readonly string[] = [
  // 1
  `CREATE TABLE meta (epoch TEXT NOT NULL);
   CREATE TABLE room (name TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE event (
     room TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, key TEXT, json TEXT NOT NULL,
     PRIMARY KEY (room, seq)
   ) WITHOUT ROWID;
   CREATE INDEX event_at ON event (at);
   CREATE UNIQUE INDEX event_key ON event (room, key) WHERE key IS NOT NULL;`,
  // 2: the file says whose it is.
  `PRAGMA application_id = ${APPLICATION_ID};`,
  // 3: what a room's events add up to outlives them.
  `CREATE TABLE state (room TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;`,
]

/** What a file of version 1 consists of; it does not say yet whose it is. */
export const FIRST_TABLES = ['event', 'meta', 'room']
