BEGIN TRANSACTION;
CREATE TABLE attempt (
  run_id    TEXT NOT NULL,
  task      TEXT NOT NULL,
  attempt   INTEGER NOT NULL,
  plan_id   TEXT NOT NULL,
  owner     TEXT NOT NULL,                     -- lower case; nothing is learned from another owner's
  repo      TEXT NOT NULL,                     -- lower case
  at        TEXT NOT NULL,
  agent     TEXT NOT NULL,
  tier      TEXT NOT NULL DEFAULT '',          -- empty where none was chosen
  model     TEXT NOT NULL DEFAULT '',
  is_after  INTEGER NOT NULL DEFAULT 0,        -- another tier had failed at the task
  is_again  INTEGER NOT NULL DEFAULT 0,        -- the same tier goes on, told what failed
  came      TEXT NOT NULL DEFAULT '',
  passed    INTEGER,                           -- its checks; NULL: nobody knows
  good      INTEGER,                           -- it stayed as it was merged; NULL: nobody knows
  cost      INTEGER NOT NULL DEFAULT 0,        -- as in the ledger
  class     TEXT NOT NULL DEFAULT '',          -- of what failed last
  signature TEXT NOT NULL DEFAULT '',
  rounds    INTEGER NOT NULL DEFAULT 0,        -- repairs of its checks
  pull      INTEGER NOT NULL DEFAULT 0,        -- that it was merged with
  body      BLOB NOT NULL DEFAULT x'7b7d',     -- Chosen, JSON
  PRIMARY KEY (run_id, task, attempt)
) STRICT, WITHOUT ROWID;
INSERT INTO "attempt" VALUES('acme/schema-1-r1','api',1,'acme/schema#1','acme','acme/api','2026-11-29T21:42:55.956765+00:00','script','','',0,0,'',NULL,NULL,0,'','',0,0,X'7B7D');
INSERT INTO "attempt" VALUES('acme/schema-1-r1','schema',1,'acme/schema#1','acme','acme/schema','2026-11-29T21:42:54.728660+00:00','script','','',0,0,'merged',1,1,0,'','',0,3,X'7B7D');
CREATE TABLE cache (
  key      TEXT PRIMARY KEY,                   -- SHA-256 of who reads, what and in which form
  etag     TEXT NOT NULL,
  next     TEXT NOT NULL,                      -- path of the next page, empty for none
  modified TEXT NOT NULL,                      -- Last-Modified, empty for none
  used_at  TEXT NOT NULL,                      -- when it was last known to hold
  size     INTEGER NOT NULL,                   -- bytes of the body as it is stored
  body     BLOB NOT NULL                       -- zstd
) STRICT;
CREATE TABLE checkpoint (
  run_id  TEXT NOT NULL,
  task    TEXT NOT NULL,
  fence   INTEGER NOT NULL,
  step    TEXT NOT NULL,                       -- begun, worktree, agent, commit, verify, push
  attempt INTEGER NOT NULL,
  at      TEXT NOT NULL,                       -- when the step ended
  seconds REAL NOT NULL,                       -- how long it took
  data    BLOB NOT NULL,                       -- small, JSON
  size    INTEGER NOT NULL,                    -- bytes of what the blob holds or held
  blob    BLOB,                                -- zstd: a log, a commit; NULL when there is none, or no longer
  PRIMARY KEY (run_id, task, fence, step)
) STRICT;
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','schema',1,'begun',1,'2026-11-29T21:42:54.781830+00:00',0.0,X'7B7D',0,NULL);
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','schema',1,'worktree',1,'2026-11-29T21:42:55.096879+00:00',0.315049,X'7B2262617365223A2239386664336163636465323264383063636662303365316436656637633236323839333732626666222C226272616E6368223A226C6F636B737465702F736368656D612D312F736368656D61227D',0,NULL);
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','schema',1,'agent',1,'2026-11-29T21:42:55.107156+00:00',0.009613,X'7B226F6B223A747275652C2273756D6D617279223A22546865207363726970742066696E69736865642E222C22657869745F636F6465223A302C2274696D65645F6F7574223A66616C73657D',0,NULL);
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','schema',1,'commit',1,'2026-11-29T21:42:55.184839+00:00',0.077683,X'7B22736861223A2235613033356532323633313163313262333038356437323735656565636638316263393162316332222C2272656675736564223A22222C226C6566746F76657273223A66616C73652C227061746873223A5B226669656C64732E747874225D7D',542,X'28B52FFD641E01BD0D0084195041434B00000002000000039F137801013F01C0FE7472656520333262663162353633313365383236386431383739313066316261323366366333343265383839390A706172656E7420393866643361636364653232643830636366623033653164366566376332363238393337326266660A617574686F72206C6F636B737465705B626F745D203C4075736572732E6E6F7265706C792E6769746875622E636F6D3E2031373935393838353734202B303030300A636F6D6D697474650A416464206063757272656E63796020746F2074686520736368656D610A0A506C616E3A2061636D652F23310A5461736B3A98FD6794A00978010190006FFF3420008E0A89FD070F50A1BCA0A6292866E45D9891CCA431303036343420524541444D452E6D6400B2EBB3E1B090118881DDF1623A47DCC5173882D96669656C64732E74787400B00ED951021ED78A035E8A434B4CE319421718A2746573742E7368005A59564034F7A26EF0D6CE544CFBFE74598EB13C6D4E38A3397801010900F6FF0A12CC03765990B1980C8E4F09A59067EA4EB22E06191E7F420900301B524E2A67459AB7D1524019AB8A225C3643A1AB30BA13724C34B3D31BB1');
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','schema',1,'diff',1,'2026-11-29T21:42:55.184830+00:00',0.0,X'7B7D',136,X'28B52FFD24884503009286161A7069DB8668240D444921897CA9AA003763720B551C06F5F76F04B74018278982E0A574845780E65342C45B4B6127C17B9E9917182CAB1EC6E8175ED66718025574DE83E1BC5A5DC1EC8EB7A519C42E6E75086F5DC8BC52BD0103003B418E703807C6C4030AB44F18');
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','schema',1,'push',1,'2026-11-29T21:42:55.497851+00:00',0.30145,X'7B22736861223A2235613033356532323633313163313262333038356437323735656565636638316263393162316332222C2262617365223A2239386664336163636465323264383063636662303365316436656637633236323839333732626666227D',0,NULL);
INSERT INTO "checkpoint" VALUES('acme/schema-1-r1','api',1,'begun',1,'2026-11-29T21:42:55.960091+00:00',0.0,X'7B7D',0,NULL);
CREATE TABLE cleared (
  run_id      TEXT NOT NULL,
  what        TEXT NOT NULL,                   -- logs, steps
  finished_at TEXT NOT NULL,                   -- of the run when it was cleared: one that went on is cleared again
  PRIMARY KEY (run_id, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE command (
  comment_id TEXT PRIMARY KEY,                 -- a command is carried out once, however often its webhook comes
  at         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "command" VALUES('1000225','2026-11-29T21:42:52.381606+00:00');
CREATE TABLE delegation (
  plan_id TEXT NOT NULL REFERENCES plan (id),
  login   TEXT NOT NULL,                       -- lower case
  hash    TEXT NOT NULL,                       -- of the text it was given for
  body    BLOB NOT NULL,                       -- Delegation, JSON
  PRIMARY KEY (plan_id, login)
) STRICT, WITHOUT ROWID;
CREATE TABLE draft (
  plan_id TEXT NOT NULL,
  n       INTEGER NOT NULL,                    -- 1 for the first of an issue
  state   TEXT NOT NULL,                       -- asked, written, posted, failed, void
  data    BLOB NOT NULL,                       -- Draft, JSON
  PRIMARY KEY (plan_id, n)
) STRICT;
CREATE TABLE event (
  seq     INTEGER PRIMARY KEY AUTOINCREMENT,
  plan_id TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  task    TEXT NOT NULL,
  at      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  before  TEXT NOT NULL,
  after   TEXT NOT NULL,
  actor   TEXT NOT NULL,
  text    TEXT NOT NULL
) STRICT;
INSERT INTO "event" VALUES(1,'acme/schema#1','','','2026-11-29T21:42:52.334004+00:00','approved','','','ana','32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59');
INSERT INTO "event" VALUES(2,'acme/schema#1','acme/schema-1-r1','','2026-11-29T21:42:52.374249+00:00','started','','running','ana','');
INSERT INTO "event" VALUES(3,'acme/schema#1','acme/schema-1-r1','schema','2026-11-29T21:42:52.374249+00:00','unblocked','blocked','ready','','');
INSERT INTO "event" VALUES(4,'acme/schema#1','acme/schema-1-r1','schema','2026-11-29T21:42:54.728660+00:00','started','ready','running','','');
INSERT INTO "event" VALUES(5,'acme/schema#1','acme/schema-1-r1','schema','2026-11-29T21:42:55.565605+00:00','pushed','running','running','','');
INSERT INTO "event" VALUES(6,'acme/schema#1','acme/schema-1-r1','schema','2026-11-29T21:42:55.606472+00:00','opened','running','in_review','','');
INSERT INTO "event" VALUES(7,'acme/schema#1','acme/schema-1-r1','schema','2026-11-29T21:42:55.956765+00:00','merged','in_review','done','','');
INSERT INTO "event" VALUES(8,'acme/schema#1','acme/schema-1-r1','api','2026-11-29T21:42:55.956765+00:00','unblocked','blocked','ready','','');
INSERT INTO "event" VALUES(9,'acme/schema#1','acme/schema-1-r1','api','2026-11-29T21:42:55.956765+00:00','started','ready','running','','');
CREATE TABLE gate (
  repo   TEXT NOT NULL,
  number INTEGER NOT NULL,
  shown  TEXT NOT NULL,                        -- digest of its head and of what its check says, empty for none
  PRIMARY KEY (repo, number)
) STRICT;
CREATE TABLE gate_need (
  key    TEXT NOT NULL,                        -- wait key of the pull request that has to merge first
  repo   TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (key, repo, number)
) STRICT;
CREATE TABLE inbox (
    id          INTEGER PRIMARY KEY,                          -- order of arrival
    hook_id     TEXT NOT NULL,
    guid        TEXT NOT NULL,
    event       TEXT NOT NULL,
    received_at TEXT NOT NULL,                                -- UTC, fixed width
    size        INTEGER NOT NULL,                             -- bytes of the body as GitHub sent it
    body        BLOB,                                         -- zstd; NULL once retention has dropped it
    outcome     TEXT CHECK (outcome IN ('handled', 'failed', 'ignored')), -- NULL while it waits
    note        TEXT NOT NULL DEFAULT '', shard INTEGER NOT NULL DEFAULT 0,
    UNIQUE (hook_id, guid)
);
INSERT INTO "inbox" VALUES(42,'1000155','0d26aa3d-8295-482f-b254-7d2d26396436','check_suite','2026-11-29T21:42:55.862017+00:00',9121,NULL,'handled','',0);
INSERT INTO "inbox" VALUES(43,'1000155','9e66842c-9e3f-441d-995b-6074c991a1ae','issue_comment','2026-11-29T21:42:55.876121+00:00',15375,NULL,'handled','',0);
INSERT INTO "inbox" VALUES(44,'1000155','8cacd705-b8d7-46eb-b72e-0f7ba924b1c2','ping','2026-11-29T21:42:55.971193+00:00',14,X'28B52FFD200E7100007B227A656E223A20226F6B227D0A',NULL,'',0);
CREATE TABLE ledger (
  id          INTEGER PRIMARY KEY,
  at          TEXT NOT NULL,
  plan_id     TEXT NOT NULL,
  run_id      TEXT NOT NULL,                   -- empty outside of a run
  task        TEXT NOT NULL,                   -- empty where it is about the plan
  purpose     TEXT NOT NULL,                   -- draft, attempt, diagnose
  provider    TEXT NOT NULL,
  model       TEXT NOT NULL,
  state       TEXT NOT NULL,                   -- open, done, failed
  input       INTEGER NOT NULL DEFAULT 0,      -- tokens, with those of the cache
  cache_read  INTEGER NOT NULL DEFAULT 0,
  cache_write INTEGER NOT NULL DEFAULT 0,
  output      INTEGER NOT NULL DEFAULT 0,
  cost        INTEGER,                         -- NULL: nobody knows the price
  held        INTEGER NOT NULL DEFAULT 0,      -- what it may have cost at most, while that is not known
  price       TEXT NOT NULL DEFAULT ''         -- where the price is from
, attempt INTEGER NOT NULL DEFAULT 0, repo TEXT NOT NULL DEFAULT '', told INTEGER) STRICT;
CREATE TABLE lesson (
  id    TEXT PRIMARY KEY,                      -- made of the repository and the text
  repo  TEXT NOT NULL,                         -- lower case
  state TEXT NOT NULL,                         -- proposed, active, vetoed, retired
  uses  INTEGER NOT NULL,                      -- attempts that were told of it
  at    TEXT NOT NULL,
  body  BLOB NOT NULL                          -- Lesson, JSON
) STRICT, WITHOUT ROWID;
CREATE TABLE "outbox" (
  seq        INTEGER PRIMARY KEY,              -- order of creation
  key        TEXT NOT NULL UNIQUE,             -- run/task/attempt/effect
  run_id     TEXT NOT NULL,
  action     BLOB NOT NULL,                    -- Action, JSON
  state      TEXT NOT NULL,                    -- waiting, doing, done
  tries      INTEGER NOT NULL DEFAULT 0,
  due        TEXT NOT NULL,
  note       TEXT NOT NULL DEFAULT '',
  log        TEXT NOT NULL DEFAULT '',         -- the end of an attempt's output, for people
  created_at TEXT NOT NULL,
  settled_at TEXT
) STRICT;
INSERT INTO "outbox" VALUES(1,'acme/schema-1-r1/schema/0/track','acme/schema-1-r1',X'7B226B696E64223A22747261636B222C227461736B223A22736368656D61227D','done',1,'2026-11-29T21:42:52.374249+00:00','','','2026-11-29T21:42:52.374249+00:00','2026-11-29T21:42:54.728660+00:00');
INSERT INTO "outbox" VALUES(2,'acme/schema-1-r1/api/0/track','acme/schema-1-r1',X'7B226B696E64223A22747261636B222C227461736B223A22617069227D','done',1,'2026-11-29T21:42:52.374249+00:00','','','2026-11-29T21:42:52.374249+00:00','2026-11-29T21:42:54.855054+00:00');
INSERT INTO "outbox" VALUES(3,'acme/schema-1-r1/docs/0/track','acme/schema-1-r1',X'7B226B696E64223A22747261636B222C227461736B223A22646F6373227D','done',1,'2026-11-29T21:42:52.374249+00:00','','','2026-11-29T21:42:52.374249+00:00','2026-11-29T21:42:54.855054+00:00');
INSERT INTO "outbox" VALUES(4,'acme/schema-1-r1//0/mark/running-2026-11-29T21:42:52.374249+00:00','acme/schema-1-r1',X'7B226B696E64223A226D61726B227D','done',1,'2026-11-29T21:42:52.374249+00:00','','','2026-11-29T21:42:52.374249+00:00','2026-11-29T21:42:54.691342+00:00');
INSERT INTO "outbox" VALUES(5,'acme/schema-1-r1/schema/1/attempt','acme/schema-1-r1',X'7B226B696E64223A22617474656D7074222C227461736B223A22736368656D61222C22617474656D7074223A312C2266656E6365223A317D','done',1,'2026-11-29T21:42:54.728660+00:00','pushed','','2026-11-29T21:42:54.728660+00:00','2026-11-29T21:42:55.565605+00:00');
INSERT INTO "outbox" VALUES(6,'acme/schema-1-r1/schema/1/open_pull','acme/schema-1-r1',X'7B226B696E64223A226F70656E5F70756C6C222C227461736B223A22736368656D61222C22617474656D7074223A312C2266656E6365223A317D','done',1,'2026-11-29T21:42:55.565605+00:00','','','2026-11-29T21:42:55.565605+00:00','2026-11-29T21:42:55.606472+00:00');
INSERT INTO "outbox" VALUES(7,'acme/schema-1-r1/schema/1/checks/5a035e226311c12b3085d7275eeecf81bc91b1c2','acme/schema-1-r1',X'7B226B696E64223A22636865636B73222C227461736B223A22736368656D61222C22617474656D7074223A312C2266656E6365223A312C22736861223A2235613033356532323633313163313262333038356437323735656565636638316263393162316332227D','done',1,'2026-11-29T21:42:55.606472+00:00','','','2026-11-29T21:42:55.606472+00:00','2026-11-29T21:42:55.673204+00:00');
INSERT INTO "outbox" VALUES(8,'acme/schema-1-r1/schema/1/merge/5a035e226311c12b3085d7275eeecf81bc91b1c2','acme/schema-1-r1',X'7B226B696E64223A226D65726765222C227461736B223A22736368656D61222C22617474656D7074223A312C2266656E6365223A312C22736861223A2235613033356532323633313163313262333038356437323735656565636638316263393162316332227D','done',1,'2026-11-29T21:42:55.879241+00:00','','','2026-11-29T21:42:55.879241+00:00','2026-11-29T21:42:55.956765+00:00');
INSERT INTO "outbox" VALUES(9,'acme/schema-1-r1/schema/1/tidy/done-2','acme/schema-1-r1',X'7B226B696E64223A2274696479222C227461736B223A22736368656D61222C22617474656D7074223A312C2266656E6365223A327D','done',1,'2026-11-29T21:42:55.956765+00:00','','','2026-11-29T21:42:55.956765+00:00','2026-11-29T21:42:56.033408+00:00');
INSERT INTO "outbox" VALUES(10,'acme/schema-1-r1/api/1/attempt','acme/schema-1-r1',X'7B226B696E64223A22617474656D7074222C227461736B223A22617069222C22617474656D7074223A312C2266656E6365223A317D','doing',1,'2026-11-29T21:42:55.956765+00:00','','','2026-11-29T21:42:55.956765+00:00',NULL);
CREATE TABLE past_posting (
  repo_id INTEGER NOT NULL REFERENCES past_repo (id),
  word    TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  weight  REAL NOT NULL,
  PRIMARY KEY (repo_id, word, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO "past_posting" VALUES(1,'add',1,1.2155);
INSERT INTO "past_posting" VALUES(1,'currenc',1,1.2155);
INSERT INTO "past_posting" VALUES(1,'field',1,1.2155);
INSERT INTO "past_posting" VALUES(1,'schema',1,1.2155);
INSERT INTO "past_posting" VALUES(1,'the',1,1.2155);
INSERT INTO "past_posting" VALUES(1,'to',1,1.2155);
INSERT INTO "past_posting" VALUES(1,'txt',1,1.2155);
CREATE TABLE past_repo (
  id    INTEGER PRIMARY KEY,
  repo  TEXT NOT NULL UNIQUE,                  -- lower case
  tasks INTEGER NOT NULL
) STRICT;
INSERT INTO "past_repo" VALUES(1,'acme/schema',1);
CREATE TABLE past_task (
  repo_id INTEGER NOT NULL REFERENCES past_repo (id),
  ordinal INTEGER NOT NULL,                    -- the how-manieth of its repository
  key     TEXT NOT NULL,                       -- what it was recorded as, so that it is recorded once
  number  INTEGER NOT NULL,                    -- its pull request, 0 for none
  title   TEXT NOT NULL,
  paths   BLOB NOT NULL,                       -- JSON
  PRIMARY KEY (repo_id, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO "past_task" VALUES(1,1,'acme/schema-1-r1/schema/dae2b690054ce394fe0294380a217ec972fcafaf',3,'Add `currency` to the schema',X'5B226669656C64732E747874225D');
CREATE TABLE past_word (
  repo_id INTEGER NOT NULL REFERENCES past_repo (id),
  word    TEXT NOT NULL,
  tasks   INTEGER NOT NULL,                    -- in how many it stands
  PRIMARY KEY (repo_id, word)
) STRICT, WITHOUT ROWID;
INSERT INTO "past_word" VALUES(1,'add',1);
INSERT INTO "past_word" VALUES(1,'currenc',1);
INSERT INTO "past_word" VALUES(1,'field',1);
INSERT INTO "past_word" VALUES(1,'schema',1);
INSERT INTO "past_word" VALUES(1,'the',1);
INSERT INTO "past_word" VALUES(1,'to',1);
INSERT INTO "past_word" VALUES(1,'txt',1);
CREATE TABLE plan (
  id            TEXT PRIMARY KEY,              -- owner/name#number
  repo          TEXT NOT NULL,
  number        INTEGER NOT NULL,
  title         TEXT NOT NULL,
  hash          TEXT NOT NULL,                 -- of the newest text that reads as a plan, '' while it has errors
  parsed        BLOB NOT NULL,                 -- Parsed, JSON
  author        TEXT NOT NULL,
  issue_id      TEXT NOT NULL,
  approved_hash TEXT NOT NULL DEFAULT '',
  approved_by   TEXT NOT NULL DEFAULT '',
  approved_at   TEXT NOT NULL DEFAULT '',
  changed_at    TEXT NOT NULL,                 -- when the hash last changed
  edits         INTEGER NOT NULL DEFAULT 0     -- how often it has, from one good text to another
, approvals BLOB NOT NULL DEFAULT x'5b5d', file TEXT NOT NULL DEFAULT '', draft INTEGER NOT NULL DEFAULT 0, asked_by TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "plan" VALUES('acme/schema#1','acme/schema',1,'Orders carry a currency','32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59',X'7B22706C616E223A7B227469746C65223A224F726465727320636172727920612063757272656E6379222C227461736B73223A5B7B226964223A22736368656D61222C227469746C65223A22416464206063757272656E63796020746F2074686520736368656D61222C227265706F223A2261636D652F736368656D61222C2272756E223A226563686F2063757272656E6379203E3E206669656C64732E747874222C226C696E65223A317D2C7B226964223A22617069222C227469746C65223A225365727665207468652063757272656E6379222C227265706F223A2261636D652F617069222C226E65656473223A5B22736368656D61225D2C2272756E223A227461696C202D66202F6465762F6E756C6C222C226C696E65223A327D2C7B226964223A22646F6373222C227469746C65223A224465736372696265206974222C227265706F223A2261636D652F617069222C226E65656473223A5B22617069225D2C2272756E223A226563686F205C224F7264657273206861766520612063757272656E63792E5C22203E3E20524541444D452E6D64222C226C696E65223A337D5D2C226170617274223A5B5D7D2C2270726F626C656D73223A5B5D2C227461736B73223A5B7B226964223A22736368656D61222C227469746C65223A22416464206063757272656E63796020746F2074686520736368656D61222C227265706F223A2261636D652F736368656D61222C2272756E223A226563686F2063757272656E6379203E3E206669656C64732E747874222C226C696E65223A317D2C7B226964223A22617069222C227469746C65223A225365727665207468652063757272656E6379222C227265706F223A2261636D652F617069222C226E65656473223A5B22736368656D61225D2C2272756E223A227461696C202D66202F6465762F6E756C6C222C226C696E65223A327D2C7B226964223A22646F6373222C227469746C65223A224465736372696265206974222C227265706F223A2261636D652F617069222C226E65656473223A5B22617069225D2C2272756E223A226563686F205C224F7264657273206861766520612063757272656E63792E5C22203E3E20524541444D452E6D64222C226C696E65223A337D5D7D','ana','1000183','32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59','ana','2026-11-29T21:42:52.334004+00:00','2026-11-29T21:42:51.000000+00:00',0,X'5B7B2268617368223A2233326461383339636535616630336664303036353636393766306438326462613562356137623437393830373533386566653965323936386263663034643539222C226279223A22616E61222C226174223A22323032362D31312D32395432313A34323A35322E3333343030342B30303A3030227D5D','',0,'');
CREATE TABLE recovery (
  run_id    TEXT NOT NULL,
  task      TEXT NOT NULL,
  n         INTEGER NOT NULL,               -- which repair of the task it is
  plan_id   TEXT NOT NULL,
  at        TEXT NOT NULL,
  strategy  TEXT NOT NULL,
  class     TEXT NOT NULL,
  signature TEXT NOT NULL,                  -- of the first failure that it was made for
  outcome   TEXT NOT NULL,                  -- worked, failed, superseded; empty while nobody knows
  PRIMARY KEY (run_id, task, n)
) STRICT;
CREATE TABLE relation (
  plan_id TEXT NOT NULL,
  key     TEXT NOT NULL,                       -- wait key of the issue
  PRIMARY KEY (plan_id, key)
) STRICT;
CREATE TABLE request (
  id      TEXT PRIMARY KEY,                    -- GUID of its delivery in the inbox
  at      TEXT NOT NULL,
  login   TEXT NOT NULL,
  via     TEXT NOT NULL,                       -- a page, or the name of a token
  repo    TEXT NOT NULL,
  number  INTEGER NOT NULL,
  command TEXT NOT NULL,
  why     TEXT NOT NULL,
  state   TEXT NOT NULL,                       -- waiting, done, refused
  answer  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE result (
  key    TEXT PRIMARY KEY,                     -- of the attempt's effect
  holder TEXT NOT NULL,                        -- the worker that carries it out now
  body   BLOB                                  -- Told, JSON; NULL until it is told
) STRICT, WITHOUT ROWID;
CREATE TABLE "run" (
  seq         INTEGER PRIMARY KEY,             -- order of creation
  id          TEXT NOT NULL UNIQUE,            -- <owner>/<name>-<number>-r<n>
  plan_id     TEXT NOT NULL REFERENCES plan (id),
  state       TEXT NOT NULL,
  actor       TEXT NOT NULL,
  approver    TEXT NOT NULL,
  plan        BLOB NOT NULL,                   -- the approved Plan, JSON
  started_at  TEXT NOT NULL,
  finished_at TEXT
) STRICT;
INSERT INTO "run" VALUES(1,'acme/schema-1-r1','acme/schema#1','running','ana','ana',X'7B227469746C65223A224F726465727320636172727920612063757272656E6379222C227461736B73223A5B7B226964223A22736368656D61222C227469746C65223A22416464206063757272656E63796020746F2074686520736368656D61222C227265706F223A2261636D652F736368656D61222C2272756E223A226563686F2063757272656E6379203E3E206669656C64732E747874222C226C696E65223A317D2C7B226964223A22617069222C227469746C65223A225365727665207468652063757272656E6379222C227265706F223A2261636D652F617069222C226E65656473223A5B22736368656D61225D2C2272756E223A227461696C202D66202F6465762F6E756C6C222C226C696E65223A327D2C7B226964223A22646F6373222C227469746C65223A224465736372696265206974222C227265706F223A2261636D652F617069222C226E65656473223A5B22617069225D2C2272756E223A226563686F205C224F7264657273206861766520612063757272656E63792E5C22203E3E20524541444D452E6D64222C226C696E65223A337D5D2C226170617274223A5B5D7D','2026-11-29T21:42:52.374249+00:00',NULL);
CREATE TABLE schema_version (version INTEGER PRIMARY KEY);
INSERT INTO "schema_version" VALUES(1);
INSERT INTO "schema_version" VALUES(2);
INSERT INTO "schema_version" VALUES(3);
INSERT INTO "schema_version" VALUES(4);
INSERT INTO "schema_version" VALUES(5);
INSERT INTO "schema_version" VALUES(6);
INSERT INTO "schema_version" VALUES(7);
INSERT INTO "schema_version" VALUES(8);
INSERT INTO "schema_version" VALUES(9);
INSERT INTO "schema_version" VALUES(10);
INSERT INTO "schema_version" VALUES(11);
INSERT INTO "schema_version" VALUES(12);
INSERT INTO "schema_version" VALUES(13);
INSERT INTO "schema_version" VALUES(14);
INSERT INTO "schema_version" VALUES(15);
INSERT INTO "schema_version" VALUES(16);
INSERT INTO "schema_version" VALUES(17);
INSERT INTO "schema_version" VALUES(18);
INSERT INTO "schema_version" VALUES(19);
INSERT INTO "schema_version" VALUES(20);
INSERT INTO "schema_version" VALUES(21);
CREATE TABLE session (
  id    TEXT PRIMARY KEY,                      -- hash of the cookie
  login TEXT NOT NULL,
  made  TEXT NOT NULL,                         -- of this id: it is changed now and then
  until TEXT NOT NULL                          -- of the session, however often its id changes
) STRICT, WITHOUT ROWID;
CREATE TABLE shard (
  id    INTEGER PRIMARY KEY,                   -- 0 to 63
  epoch INTEGER NOT NULL DEFAULT 0,            -- grows whenever somebody takes it: whoever had it before decides nothing more
  clean INTEGER NOT NULL DEFAULT 1             -- the last holder let go of it in good order
) STRICT;
INSERT INTO "shard" VALUES(0,0,1);
INSERT INTO "shard" VALUES(1,0,1);
INSERT INTO "shard" VALUES(2,0,1);
INSERT INTO "shard" VALUES(3,0,1);
INSERT INTO "shard" VALUES(4,0,1);
INSERT INTO "shard" VALUES(5,0,1);
INSERT INTO "shard" VALUES(6,0,1);
INSERT INTO "shard" VALUES(7,0,1);
INSERT INTO "shard" VALUES(8,0,1);
INSERT INTO "shard" VALUES(9,0,1);
INSERT INTO "shard" VALUES(10,0,1);
INSERT INTO "shard" VALUES(11,0,1);
INSERT INTO "shard" VALUES(12,0,1);
INSERT INTO "shard" VALUES(13,0,1);
INSERT INTO "shard" VALUES(14,0,1);
INSERT INTO "shard" VALUES(15,0,1);
INSERT INTO "shard" VALUES(16,0,1);
INSERT INTO "shard" VALUES(17,0,1);
INSERT INTO "shard" VALUES(18,0,1);
INSERT INTO "shard" VALUES(19,0,1);
INSERT INTO "shard" VALUES(20,0,1);
INSERT INTO "shard" VALUES(21,0,1);
INSERT INTO "shard" VALUES(22,0,1);
INSERT INTO "shard" VALUES(23,0,1);
INSERT INTO "shard" VALUES(24,0,1);
INSERT INTO "shard" VALUES(25,0,1);
INSERT INTO "shard" VALUES(26,0,1);
INSERT INTO "shard" VALUES(27,0,1);
INSERT INTO "shard" VALUES(28,0,1);
INSERT INTO "shard" VALUES(29,0,1);
INSERT INTO "shard" VALUES(30,0,1);
INSERT INTO "shard" VALUES(31,0,1);
INSERT INTO "shard" VALUES(32,0,1);
INSERT INTO "shard" VALUES(33,0,1);
INSERT INTO "shard" VALUES(34,0,1);
INSERT INTO "shard" VALUES(35,0,1);
INSERT INTO "shard" VALUES(36,0,1);
INSERT INTO "shard" VALUES(37,0,1);
INSERT INTO "shard" VALUES(38,0,1);
INSERT INTO "shard" VALUES(39,0,1);
INSERT INTO "shard" VALUES(40,0,1);
INSERT INTO "shard" VALUES(41,0,1);
INSERT INTO "shard" VALUES(42,0,1);
INSERT INTO "shard" VALUES(43,0,1);
INSERT INTO "shard" VALUES(44,0,1);
INSERT INTO "shard" VALUES(45,0,1);
INSERT INTO "shard" VALUES(46,0,1);
INSERT INTO "shard" VALUES(47,0,1);
INSERT INTO "shard" VALUES(48,0,1);
INSERT INTO "shard" VALUES(49,0,1);
INSERT INTO "shard" VALUES(50,0,1);
INSERT INTO "shard" VALUES(51,0,1);
INSERT INTO "shard" VALUES(52,0,1);
INSERT INTO "shard" VALUES(53,0,1);
INSERT INTO "shard" VALUES(54,0,1);
INSERT INTO "shard" VALUES(55,0,1);
INSERT INTO "shard" VALUES(56,0,1);
INSERT INTO "shard" VALUES(57,0,1);
INSERT INTO "shard" VALUES(58,0,1);
INSERT INTO "shard" VALUES(59,0,1);
INSERT INTO "shard" VALUES(60,0,1);
INSERT INTO "shard" VALUES(61,0,1);
INSERT INTO "shard" VALUES(62,0,1);
INSERT INTO "shard" VALUES(63,0,1);
CREATE TABLE signing_in (
  state    TEXT PRIMARY KEY,                   -- hash of what GitHub hands back
  browser  TEXT NOT NULL,                      -- hash of the cookie of whoever began
  verifier TEXT NOT NULL,                      -- of PKCE
  next     TEXT NOT NULL,                      -- path of ours to go on to
  until    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE sticky (
  repo       TEXT NOT NULL,
  number     INTEGER NOT NULL,
  comment_id TEXT NOT NULL,
  body_hash  TEXT NOT NULL,
  answers    BLOB NOT NULL,                    -- the newest answers to commands, JSON
  wanted     INTEGER NOT NULL DEFAULT 0,       -- grows with every change that is to be shown
  shown      INTEGER NOT NULL DEFAULT 0,       -- how far the comment has come
  PRIMARY KEY (repo, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "sticky" VALUES('acme/schema',1,'1000211','1f94359cb54b118a12311293fb94dc1f00d917facd20a14ea4d642524809cdcb',X'5B7B22746F223A22616E61222C22636F6D6D616E64223A222F6C6F636B7374657020617070726F7665222C2274657874223A22417070726F7665642061732060333264613833396365356166602E20602F6C6F636B737465702072756E60207374617274732069742E227D2C7B22746F223A22616E61222C22636F6D6D616E64223A222F6C6F636B737465702072756E222C2274657874223A22537461727465643A2033207461736B732E20546865207461626C652061626F76652073686F777320686F77206661722069742069732E227D5D',12,12);
CREATE TABLE task (
  run_id   TEXT NOT NULL REFERENCES run (id),
  id       TEXT NOT NULL,
  position INTEGER NOT NULL,
  state    TEXT NOT NULL,
  data     BLOB NOT NULL,                      -- TaskState, JSON
  PRIMARY KEY (run_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO "task" VALUES('acme/schema-1-r1','api',1,'running',X'7B226964223A22617069222C227374617465223A2272756E6E696E67222C22617474656D7074223A312C2266656E6365223A312C226973737565223A312C2273696E6365223A22323032362D31312D32395432313A34323A35352E3935363736355A222C22737461727465645F6174223A22323032362D31312D32395432313A34323A35352E3935363736355A227D');
INSERT INTO "task" VALUES('acme/schema-1-r1','docs',2,'blocked',X'7B226964223A22646F6373222C226973737565223A322C2273696E6365223A22323032362D31312D32395432313A34323A35322E3337343234395A227D');
INSERT INTO "task" VALUES('acme/schema-1-r1','schema',0,'done',X'7B226964223A22736368656D61222C227374617465223A22646F6E65222C22617474656D7074223A312C2266656E6365223A322C226973737565223A322C2270756C6C223A332C22686561645F736861223A2235613033356532323633313163313262333038356437323735656565636638316263393162316332222C226865616473223A5B2235613033356532323633313163313262333038356437323735656565636638316263393162316332225D2C226D657267655F736861223A2264616532623639303035346365333934666530323934333830613231376563393732666361666166222C22776F726B6564223A302E3837373831322C226368616E676564223A5B226669656C64732E747874225D2C2273696E6365223A22323032362D31312D32395432313A34323A35352E3935363736355A222C22737461727465645F6174223A22323032362D31312D32395432313A34323A35342E3732383636305A222C2266696E69736865645F6174223A22323032362D31312D32395432313A34323A35352E3935363736355A227D');
CREATE TABLE token (
  id     TEXT PRIMARY KEY,                     -- hash of the token, which is shown once
  name   TEXT NOT NULL,
  login  TEXT NOT NULL,
  scopes TEXT NOT NULL,                        -- words, with spaces between
  made   TEXT NOT NULL,
  until  TEXT NOT NULL,
  UNIQUE (login, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE trial (
  repo     TEXT NOT NULL,
  number   INTEGER NOT NULL,
  n        INTEGER NOT NULL,                       -- which try of it this is
  actor    TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  sha      TEXT NOT NULL DEFAULT '',               -- the merge, empty before there is one
  head     TEXT NOT NULL DEFAULT '',               -- what was merged, and with what
  base     TEXT NOT NULL DEFAULT '',
  begun_at TEXT NOT NULL DEFAULT '',
  verdict  TEXT NOT NULL DEFAULT '',               -- what is said at its end, empty before that
  PRIMARY KEY (repo, number)
) STRICT;
CREATE TABLE wait (
  key    TEXT NOT NULL,                        -- pull:owner/name#n, check:owner/name@sha, issue:owner/name#n
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  PRIMARY KEY (key, run_id, task)
) STRICT, WITHOUT ROWID;
INSERT INTO "wait" VALUES('issue:acme/api#1','acme/schema-1-r1','api');
INSERT INTO "wait" VALUES('issue:acme/api#2','acme/schema-1-r1','docs');
CREATE INDEX inbox_waiting ON inbox (id) WHERE outcome IS NULL;
CREATE INDEX inbox_bodies ON inbox (received_at) WHERE body IS NOT NULL;
CREATE INDEX wait_task ON wait (run_id, task);
CREATE INDEX event_plan ON event (plan_id, seq);
CREATE INDEX sticky_behind ON sticky (repo) WHERE shown < wanted;
CREATE INDEX run_plan ON run (plan_id);
CREATE INDEX run_live ON run (state) WHERE state IN ('running', 'paused', 'failed');
CREATE INDEX outbox_open ON outbox (run_id) WHERE state <> 'done';
CREATE INDEX checkpoint_blobs ON checkpoint (at) WHERE blob IS NOT NULL;
CREATE INDEX run_over ON run (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX command_at ON command (at);
CREATE INDEX cache_used ON cache (used_at);
CREATE INDEX gate_need_place ON gate_need (repo, number);
CREATE INDEX ledger_plan ON ledger (plan_id, run_id, task);
CREATE INDEX ledger_at ON ledger (at);
CREATE INDEX draft_open ON draft (plan_id) WHERE state IN ('asked', 'written');
CREATE INDEX relation_key ON relation (key);
CREATE INDEX trial_sha ON trial (sha);
CREATE UNIQUE INDEX past_task_key ON past_task (repo_id, key);
CREATE INDEX lesson_of_repo ON lesson (repo, state, at);
CREATE INDEX recovery_plan ON recovery (plan_id);
CREATE INDEX attempt_owner ON attempt (owner, at);
CREATE INDEX attempt_pull ON attempt (repo, pull) WHERE pull <> 0;
CREATE INDEX attempt_at ON attempt (at);
CREATE INDEX ledger_repo ON ledger (repo, at) WHERE repo <> '';
CREATE INDEX session_until ON session (until);
CREATE INDEX request_at ON request (at, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('event',9);
COMMIT;
