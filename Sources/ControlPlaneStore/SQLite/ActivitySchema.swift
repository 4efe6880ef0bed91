import GRDB

/// The tables of `activity.sqlite`. A migration that has been released is never edited; a change is a new one.
enum ActivitySchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 requests and nodes") { database in
      try database.execute(
        sql: """
          CREATE TABLE spool (
            id INTEGER PRIMARY KEY,
            gateway TEXT NOT NULL COLLATE NOCASE,
            name TEXT NOT NULL,
            pruned_through INTEGER NOT NULL DEFAULT 0,
            last_seen REAL NOT NULL,
            UNIQUE (gateway, name)
          );
          CREATE TABLE request (
            id INTEGER PRIMARY KEY,
            spool INTEGER NOT NULL REFERENCES spool (id),
            sequence INTEGER NOT NULL,
            time REAL NOT NULL,
            gateway TEXT NOT NULL COLLATE NOCASE,
            api TEXT NOT NULL COLLATE NOCASE,
            operation TEXT NOT NULL COLLATE NOCASE,
            product TEXT NOT NULL COLLATE NOCASE,
            subscription TEXT NOT NULL COLLATE NOCASE,
            user TEXT NOT NULL COLLATE NOCASE,
            region TEXT NOT NULL COLLATE NOCASE,
            correlation TEXT NOT NULL,
            method TEXT NOT NULL,
            url TEXT NOT NULL,
            caller TEXT NOT NULL,
            response_code INTEGER NOT NULL,
            backend_code INTEGER,
            request_size INTEGER NOT NULL,
            response_size INTEGER NOT NULL,
            cache TEXT NOT NULL,
            total_time REAL NOT NULL,
            backend_time REAL NOT NULL,
            error_reason TEXT NOT NULL,
            record TEXT NOT NULL,
            UNIQUE (spool, sequence)
          );
          CREATE INDEX request_time ON request (time);
          CREATE INDEX request_gateway ON request (gateway, time);
          CREATE INDEX request_api ON request (api, time);
          CREATE INDEX request_correlation ON request (correlation);
          CREATE TABLE node (
            gateway TEXT NOT NULL COLLATE NOCASE,
            instance TEXT NOT NULL,
            version TEXT NOT NULL,
            host TEXT NOT NULL,
            started_at REAL NOT NULL,
            configuration_version INTEGER NOT NULL,
            state TEXT NOT NULL,
            error TEXT,
            address TEXT NOT NULL,
            last_seen REAL NOT NULL,
            PRIMARY KEY (gateway, instance)
          );
          """)
    }
    migrator.registerMigration("2 quotas") { database in
      try database.execute(
        sql: """
          CREATE TABLE quota_counter (
            gateway TEXT NOT NULL COLLATE NOCASE,
            name TEXT NOT NULL,
            period INTEGER NOT NULL,
            key TEXT NOT NULL,
            ends INTEGER NOT NULL,
            used INTEGER NOT NULL,
            reported REAL NOT NULL,
            PRIMARY KEY (gateway, name, period)
          ) WITHOUT ROWID;
          CREATE INDEX quota_counter_key ON quota_counter (key);
          CREATE INDEX quota_counter_ends ON quota_counter (ends);
          CREATE TABLE quota_update (
            gateway TEXT NOT NULL COLLATE NOCASE,
            name TEXT NOT NULL,
            period INTEGER NOT NULL,
            number INTEGER NOT NULL,
            ends INTEGER NOT NULL,
            value INTEGER NOT NULL,
            PRIMARY KEY (gateway, name, period)
          ) WITHOUT ROWID;
          CREATE INDEX quota_update_number ON quota_update (gateway, number);
          """)
    }
    return migrator
  }
}
