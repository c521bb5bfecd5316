/**
 * Steps from an empty file to the current layout of the event log. Each version has one step. The file stores its
 * version in `user_version`. A released step is never edited. A change is added as a further step, so that old and
 * new files get the same layout.
 */

/** Marks a file as Fourwire's (SQLite's `application_id`): "4wir" in ASCII. */
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
  // 2: the file names the program that it belongs to.
  `PRAGMA application_id = ${APPLICATION_ID};`,
  // 3: a room's state is kept longer than its events.
  `CREATE TABLE state (room TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;`,
  // 4: a key belongs to a user and has a fingerprint of its request; null for keys of an earlier version.
  `ALTER TABLE event ADD COLUMN user TEXT NOT NULL DEFAULT '';
   ALTER TABLE event ADD COLUMN fingerprint TEXT;
   UPDATE event SET user = coalesce(json_extract(json, '$.user'), '') WHERE key IS NOT NULL;
   DROP INDEX event_key;
   CREATE UNIQUE INDEX event_key ON event (room, user, key) WHERE key IS NOT NULL;`,
  // 5: a state has the time of its last change, so that old states can be deleted.
  `ALTER TABLE state ADD COLUMN at REAL NOT NULL DEFAULT 0;
   UPDATE state SET at = unixepoch() * 1000.0;`,
]

/** Tables of a file of version 1, which has no `application_id` yet. */
export const FIRST_TABLES = ['event', 'meta', 'room']
