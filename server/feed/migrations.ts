/**
 * SQL steps that turn an empty file into an event log of the current layout. Each version of the layout has one step.
 * The file stores its version in `user_version`. Never edit a released step: add each change as a new step, so that old
 * and new files get the same layout.
 */

/** SQLite's `application_id`, which says that a file belongs to Fourwire: "4wir" in ASCII. */
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
  // 2: the `application_id` of the file says that the file belongs to Fourwire.
  `PRAGMA application_id = ${APPLICATION_ID};`,
  // 3: the log stores the states of rooms.
  `CREATE TABLE state (room TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;`,
  // 4: a key belongs to a user and has a fingerprint of its request. The fingerprint is null for keys of version 1 to
  // 3.
  `ALTER TABLE event ADD COLUMN user TEXT NOT NULL DEFAULT '';
   ALTER TABLE event ADD COLUMN fingerprint TEXT;
   UPDATE event SET user = coalesce(json_extract(json, '$.user'), '') WHERE key IS NOT NULL;
   DROP INDEX event_key;
   CREATE UNIQUE INDEX event_key ON event (room, user, key) WHERE key IS NOT NULL;`,
  // 5: a state has the time of its last change, so that the log can delete old states.
  `ALTER TABLE state ADD COLUMN at REAL NOT NULL DEFAULT 0;
   UPDATE state SET at = unixepoch() * 1000.0;`,
]

/** Names of the tables by which the server recognises a file of version 1: such a file has no `application_id` yet. */
export const FIRST_TABLES = ['event', 'meta', 'room']
