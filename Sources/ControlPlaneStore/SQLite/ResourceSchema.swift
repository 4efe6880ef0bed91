import GRDB

/// The tables of `resources.sqlite`. A migration that has been released is never edited; a change is a new one.
enum ResourceSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 resources") { database in
      try database.execute(
        sql: """
          CREATE TABLE resource (
            key TEXT NOT NULL PRIMARY KEY,
            parent_key TEXT NOT NULL,
            type TEXT NOT NULL COLLATE NOCASE,
            path TEXT NOT NULL,
            properties TEXT NOT NULL,
            revision INTEGER NOT NULL UNIQUE,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL
          );
          CREATE INDEX resource_type ON resource (type, key);
          CREATE INDEX resource_parent ON resource (parent_key, type, key);
          CREATE TABLE secret (
            key TEXT NOT NULL PRIMARY KEY REFERENCES resource (key) ON DELETE CASCADE,
            sealed BLOB NOT NULL
          );
          CREATE TABLE change (
            revision INTEGER NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            path TEXT NOT NULL
          );
          CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL);
          INSERT INTO counter (name, value) VALUES ('revision', 0);
          CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, sealed BLOB NOT NULL);
          """)
    }
    return migrator
  }
}
