PRAGMA page_size = 16384;
PRAGMA application_id = 1095190354;
PRAGMA journal_mode = wal;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'aggregator','m001_first','2026-11-27 16:03:15.091359+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'aggregator','m002_polling','2026-11-27 16:03:15.097640+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'aggregator','m003_stories','2026-11-27 16:03:15.102608+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'aggregator','m004_articles','2026-11-27 16:03:15.107051+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'aggregator','m005_lists','2026-11-27 16:03:15.108338+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'aggregator','m006_listings','2026-11-27 16:03:15.109259+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'aggregator','m007_editions','2026-11-27 16:03:15.110232+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'aggregator','m008_archives','2026-11-27 22:50:30.651120+00:00');
CREATE TABLE article (
            entry INTEGER PRIMARY KEY REFERENCES entry,
            feed INTEGER NOT NULL REFERENCES feed,   -- whose setting asks for it
            url TEXT NOT NULL,
            wanted_at INTEGER NOT NULL,
            oldest INTEGER, why TEXT,                -- dated before, it is no news, for this reason
            listed TEXT NOT NULL,                    -- the title under which the feed listed it
            tries INTEGER NOT NULL DEFAULT 0,
            ended_at INTEGER,                        -- read, or given up; NULL: it is asked for
            error TEXT,                              -- why it was not read, at the last try
            page TEXT                                -- what was read
        );
CREATE TABLE entry (
            id INTEGER PRIMARY KEY,
            atom_id TEXT NOT NULL UNIQUE,
            feed INTEGER NOT NULL REFERENCES feed,   -- supplies title and body
            canonical TEXT, content_key TEXT, digest TEXT NOT NULL,
            title TEXT NOT NULL, link TEXT, summary TEXT, content TEXT,
            text TEXT NOT NULL,                      -- of summary or content, for search
            published INTEGER NOT NULL,
            updated INTEGER NOT NULL UNIQUE,         -- by milliseconds: validators warn of equal ones
            first_seen INTEGER NOT NULL,
            language TEXT, rights TEXT, comments TEXT, thumbnail TEXT,
            authors TEXT NOT NULL, contributors TEXT NOT NULL, categories TEXT NOT NULL, enclosures TEXT NOT NULL,
            source TEXT,                             -- atom:source, when it was copied from another feed
            story TEXT NOT NULL,
            revisions INTEGER NOT NULL DEFAULT 0,
            held TEXT                                -- why it is in no output
        , founds TEXT NOT NULL DEFAULT '', grouped INTEGER NOT NULL DEFAULT 0, withdrawn_at INTEGER);
INSERT INTO "entry" VALUES(1,'urn:uuid:8bc440b0-906a-5736-9e19-1b0af7d966df',1,'a.example/1',NULL,'2:0310527e943ba320e171c340506b9c1a','Première, revue','https://a.example/1','<p>Été</p>',NULL,'Été',1767614400000,1767621600000,1767614400000,NULL,NULL,NULL,NULL,'[{"name":"Ann"}]','[]','[]','[]',NULL,'cfd51634e52d',1,NULL,'cfd51634e52d',0,NULL);
CREATE TABLE feed (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL UNIQUE,        -- as configured
            fetch_url TEXT NOT NULL,         -- where it is asked
            position INTEGER,                -- place in feeds.yaml; NULL: removed from it
            title TEXT, kind TEXT NOT NULL, tags TEXT NOT NULL, rank INTEGER NOT NULL, prefix TEXT,
            enabled INTEGER NOT NULL, private INTEGER NOT NULL,
            header TEXT NOT NULL, hints TEXT NOT NULL,
            etag TEXT, last_modified TEXT, body_hash TEXT,
            items INTEGER NOT NULL DEFAULT 0,        -- in the last document
            entries INTEGER NOT NULL DEFAULT 0,      -- sighted in it, ever
            added_at INTEGER NOT NULL, last_poll INTEGER, last_success INTEGER, last_new INTEGER,
            errors INTEGER NOT NULL DEFAULT 0, error TEXT, remedy TEXT, gone INTEGER NOT NULL DEFAULT 0
        , rhythm_entries REAL NOT NULL DEFAULT 0, rhythm_days REAL NOT NULL DEFAULT 0, news_at INTEGER, claimed INTEGER, restamped_at INTEGER, failing_since INTEGER, fresh_until INTEGER, moved_to TEXT, moved_since INTEGER, moved_times INTEGER NOT NULL DEFAULT 0, asked_as TEXT, naming TEXT NOT NULL DEFAULT 'guid', naming_reason TEXT NOT NULL DEFAULT '', naming_since INTEGER, naming_doubts INTEGER NOT NULL DEFAULT 0, gap TEXT, flood TEXT, gaps INTEGER NOT NULL DEFAULT 0, recovered INTEGER NOT NULL DEFAULT 0);
INSERT INTO "feed" VALUES(1,'https://a.example/feed','https://a.example/feed',0,'The A','feed','["lab"]',5,NULL,1,0,'{"title":"News","links":[{"href":"https://a.example/feed"}]}','{}','"x"',NULL,'h',1,1,1767614400000,1767621600000,1767621600000,1767614400000,0,NULL,NULL,0,0.0,0.0,1767614400000,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'guid','',NULL,0,NULL,NULL,0,0);
INSERT INTO "feed" VALUES(2,'https://b.example/feed','https://b.example/feed',1,NULL,'feed','[]',5,NULL,1,1,'{"title":"News","links":[{"href":"https://b.example/feed"}]}','{}','"x"',NULL,'h',1,1,1767614400000,1767618000000,1767618000000,NULL,0,NULL,NULL,0,0.0,0.0,1767618000000,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'guid','',NULL,0,NULL,NULL,0,0);
CREATE TABLE issue (output TEXT NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (output, day));
CREATE TABLE list (
            address TEXT PRIMARY KEY,                -- as configured
            position INTEGER,                        -- place in feeds.yaml; NULL: removed from it
            private INTEGER NOT NULL,
            title TEXT NOT NULL DEFAULT '',
            feeds TEXT NOT NULL DEFAULT '[]',        -- what it stands for
            remarks TEXT NOT NULL DEFAULT '[]',
            etag TEXT, last_modified TEXT, body_hash TEXT,
            last_poll INTEGER, last_success INTEGER,
            errors INTEGER NOT NULL DEFAULT 0, failing_since INTEGER, error TEXT, remedy TEXT,
            due_at INTEGER,                          -- NULL: not by itself
            reason TEXT NOT NULL,
            not_before INTEGER                       -- what the server asked for
        );
CREATE TABLE listing (feed INTEGER PRIMARY KEY REFERENCES feed ON DELETE CASCADE, value TEXT NOT NULL);
INSERT INTO "listing" VALUES(1,'["","guid",[],["g:urn:x:1"]]');
INSERT INTO "listing" VALUES(2,'["","guid",[],["g:b"]]');
CREATE TABLE membership (
            entry INTEGER PRIMARY KEY REFERENCES entry,
            method TEXT NOT NULL,                    -- what it was decided by
            score REAL NOT NULL,
            closest INTEGER REFERENCES entry,        -- the article of the story that it is most like
            shared TEXT NOT NULL,                    -- rare words that they share
            version INTEGER NOT NULL,                -- of the statistics that the score was made with
            decided_at INTEGER NOT NULL
        );
CREATE TABLE "meta" (
   "name" TEXT PRIMARY KEY,
   "value" TEXT
);
INSERT INTO "meta" VALUES('instance','b4385b41-2583-45bf-8e5d-7d83a87ba1c6');
INSERT INTO "meta" VALUES('created','2026-11-27T16:03:15.089364+00:00');
CREATE TABLE output (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, choice TEXT, changes INTEGER NOT NULL DEFAULT 0);
INSERT INTO "output" VALUES('all',1767614400000,'c87184af83eacd1969d9c2db2f7799c018bf6f82dddb094aa2cf2636dd48701e',0);
INSERT INTO "output" VALUES('labs',1767614400000,'7ddd8dfc081759a4fe23fb5282c1840a096177693d1630ea603ea8446241e6cc',0);
CREATE TABLE poll_log (
            id INTEGER PRIMARY KEY,
            feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE,
            at INTEGER NOT NULL, outcome TEXT NOT NULL,
            status INTEGER, bytes INTEGER NOT NULL, elapsed_ms INTEGER NOT NULL,
            new INTEGER NOT NULL, updated INTEGER NOT NULL, duplicates INTEGER NOT NULL, error TEXT
        , unconditional INTEGER NOT NULL DEFAULT 0);
INSERT INTO "poll_log" VALUES(1,1,1767614400000,'new',200,99,500,1,0,0,NULL,0);
INSERT INTO "poll_log" VALUES(2,2,1767618000000,'unchanged',200,99,500,0,0,1,NULL,0);
INSERT INTO "poll_log" VALUES(3,1,1767621600000,'updated',200,99,500,0,1,0,NULL,0);
CREATE TABLE relation (
            entry INTEGER NOT NULL REFERENCES entry,
            other INTEGER NOT NULL REFERENCES entry,
            kind TEXT NOT NULL,                      -- links-to, copy, translation; by hand: together, apart
            at INTEGER NOT NULL,
            PRIMARY KEY (entry, other, kind)
        ) WITHOUT ROWID;
CREATE TABLE release (
            output TEXT NOT NULL REFERENCES output,
            seq INTEGER NOT NULL,
            entry INTEGER NOT NULL REFERENCES entry,
            released_at INTEGER NOT NULL,
            PRIMARY KEY (output, seq),
            UNIQUE (output, entry)
        ) WITHOUT ROWID;
INSERT INTO "release" VALUES('all',1,1,1767614400000);
INSERT INTO "release" VALUES('labs',1,1,1767614400000);
CREATE TABLE request (
            id INTEGER PRIMARY KEY,
            kind TEXT NOT NULL,
            feed INTEGER NOT NULL REFERENCES feed ON DELETE CASCADE,
            entry INTEGER NOT NULL DEFAULT 0,        -- whose article it asks for; 0: none
            host TEXT NOT NULL,
            site TEXT NOT NULL,
            due_at INTEGER,                          -- NULL: not by itself
            not_before INTEGER NOT NULL DEFAULT 0,   -- what the server asked for
            lease_until INTEGER,                     -- NULL: nobody holds it
            parked INTEGER NOT NULL DEFAULT 0,       -- its source is not to be asked now, but may be again
            reason TEXT NOT NULL DEFAULT '',
            UNIQUE (feed, kind, entry)
        );
INSERT INTO "request" VALUES(1,'poll',1,0,'a.example','a.example',1767625200000,0,NULL,0,'default_interval 1 h');
INSERT INTO "request" VALUES(2,'poll',2,0,'b.example','b.example',1767621600000,0,NULL,0,'default_interval 1 h');
CREATE TABLE revision (
            entry INTEGER NOT NULL REFERENCES entry,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            title TEXT NOT NULL, link TEXT, summary TEXT, content TEXT,
            PRIMARY KEY (entry, number)
        ) WITHOUT ROWID;
INSERT INTO "revision" VALUES(1,1,1767621600000,'Première','https://a.example/1','<p>Été</p>',NULL);
CREATE TABLE sighting (
            id INTEGER PRIMARY KEY,
            feed INTEGER NOT NULL REFERENCES feed,
            key TEXT NOT NULL,                       -- the item's name within its feed
            entry INTEGER NOT NULL REFERENCES entry,
            guid TEXT, link TEXT,
            digest TEXT NOT NULL,                    -- as listed last
            first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, count INTEGER NOT NULL DEFAULT 1, evidence TEXT,
            UNIQUE (feed, key)
        );
INSERT INTO "sighting" VALUES(1,1,'g:urn:x:1',1,'urn:x:1','https://a.example/1','2:0310527e943ba320e171c340506b9c1a',1767614400000,1767621600000,2,NULL);
INSERT INTO "sighting" VALUES(2,2,'g:b',1,'b','https://a.example/1','2:1f5bc89616d4bfbf7788cf2d4afffb82',1767618000000,1767618000000,1,'link and title');
CREATE TABLE "site" (name TEXT PRIMARY KEY, next_allowed_at INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE snapshot (
            version INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            through INTEGER NOT NULL,                -- the last entry at that time
            statistics TEXT NOT NULL                 -- how many articles have a word, and the means of languages
        );
CREATE TABLE telling (
            output TEXT NOT NULL REFERENCES output,
            entry INTEGER NOT NULL REFERENCES entry, -- belongs to this output, which tells stories
            due_at INTEGER,                          -- when its story is released; NULL: it is told
            as_of INTEGER,                           -- what a release of it is dated; NULL: it is news to the output
            PRIMARY KEY (output, entry)
        ) WITHOUT ROWID;
CREATE TABLE vector (entry INTEGER PRIMARY KEY REFERENCES entry, model TEXT NOT NULL, value BLOB);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX poll_log_feed ON poll_log(feed, at);
CREATE INDEX poll_log_at ON poll_log(at);
CREATE INDEX entry_feed ON entry(feed);
CREATE INDEX entry_canonical ON entry(canonical);
CREATE INDEX entry_content_key ON entry(content_key);
CREATE INDEX entry_published ON entry(published);
CREATE INDEX entry_first_seen ON entry(first_seen);
CREATE INDEX entry_story ON entry(story);
CREATE INDEX sighting_entry ON sighting(entry, feed);
CREATE INDEX release_entry ON release(entry);
CREATE INDEX release_time ON release(output, released_at);
CREATE INDEX entry_founds ON entry(founds);
CREATE INDEX entry_ungrouped ON entry(published, id) WHERE grouped <> 1;
CREATE INDEX relation_other ON relation(other);
CREATE INDEX telling_due ON telling(due_at) WHERE due_at IS NOT NULL;
CREATE INDEX telling_entry ON telling(entry);
CREATE INDEX request_due ON request(due_at) WHERE due_at IS NOT NULL AND NOT parked;
CREATE INDEX request_lease ON request(lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX article_feed ON article(feed, wanted_at);
CREATE INDEX entry_waiting ON entry(first_seen) WHERE held = 'article';
CREATE INDEX request_site ON request(site);
CREATE INDEX entry_withdrawn ON entry(story) WHERE withdrawn_at IS NOT NULL;
COMMIT;
CREATE VIRTUAL TABLE "entry_fts" USING FTS5 (
    "title", "text",
    tokenize='unicode61 remove_diacritics 2',
    content="entry"
);
INSERT INTO entry_fts(entry_fts) VALUES ('rebuild');
