CREATE TYPE public.lockstep_queue_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);
CREATE FUNCTION public.lockstep_queue_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;
    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'lockstep_queue',
            json_build_object(
                'channel', 'lockstep_queue',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;
    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;
END;
$$;
CREATE TABLE public.attempt (
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    attempt bigint NOT NULL,
    plan_id text NOT NULL COLLATE pg_catalog."C",
    owner text NOT NULL COLLATE pg_catalog."C",
    repo text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    agent text NOT NULL COLLATE pg_catalog."C",
    tier text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    model text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    is_after bigint DEFAULT 0 NOT NULL,
    is_again bigint DEFAULT 0 NOT NULL,
    came text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    passed bigint,
    good bigint,
    cost bigint DEFAULT 0 NOT NULL,
    class text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    signature text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    rounds bigint DEFAULT 0 NOT NULL,
    pull bigint DEFAULT 0 NOT NULL,
    body bytea DEFAULT '\x7b7d'::bytea NOT NULL,
    given bytea DEFAULT '\x7b7d'::bytea NOT NULL,
    unpriced bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.blind (
    began text NOT NULL COLLATE pg_catalog."C",
    ended text NOT NULL COLLATE pg_catalog."C",
    missed bigint NOT NULL,
    recovered bigint NOT NULL,
    unseen bigint NOT NULL
);
CREATE TABLE public.cache (
    key text NOT NULL COLLATE pg_catalog."C",
    etag text NOT NULL COLLATE pg_catalog."C",
    next text NOT NULL COLLATE pg_catalog."C",
    modified text NOT NULL COLLATE pg_catalog."C",
    used_at text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    body bytea NOT NULL
);
CREATE TABLE public.checked (
    id bigint NOT NULL,
    until text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.checkpoint (
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    fence bigint NOT NULL,
    step text NOT NULL COLLATE pg_catalog."C",
    attempt bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C",
    seconds double precision NOT NULL,
    data bytea NOT NULL,
    size bigint NOT NULL,
    blob bytea
);
ALTER TABLE ONLY public.checkpoint ALTER COLUMN blob SET STORAGE EXTERNAL;
CREATE TABLE public.cleared (
    run_id text NOT NULL COLLATE pg_catalog."C",
    what text NOT NULL COLLATE pg_catalog."C",
    finished_at text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.command (
    comment_id text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.dashboard (
    owner text NOT NULL COLLATE pg_catalog."C",
    repo text NOT NULL COLLATE pg_catalog."C",
    begun_at text NOT NULL COLLATE pg_catalog."C",
    number bigint DEFAULT 0 NOT NULL,
    shown text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.delegation (
    plan_id text NOT NULL COLLATE pg_catalog."C",
    login text NOT NULL COLLATE pg_catalog."C",
    hash text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL
);
CREATE TABLE public.draft (
    plan_id text NOT NULL COLLATE pg_catalog."C",
    n bigint NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    data bytea NOT NULL
);
CREATE TABLE public.event (
    seq bigint NOT NULL,
    plan_id text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    before text NOT NULL COLLATE pg_catalog."C",
    after text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    text text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE public.event ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.event_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.gate (
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    shown text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.gate_need (
    key text NOT NULL COLLATE pg_catalog."C",
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL
);
CREATE TABLE public.gate_override (
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    need text NOT NULL COLLATE pg_catalog."C",
    sha text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    why text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.inbox (
    id bigint NOT NULL,
    hook_id text NOT NULL COLLATE pg_catalog."C",
    guid text NOT NULL COLLATE pg_catalog."C",
    event text NOT NULL COLLATE pg_catalog."C",
    received_at text NOT NULL COLLATE pg_catalog."C",
    size bigint NOT NULL,
    body bytea,
    outcome text COLLATE pg_catalog."C",
    note text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    shard bigint DEFAULT 0 NOT NULL,
    lane text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    again_at text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    let_down bigint DEFAULT 0 NOT NULL,
    CONSTRAINT inbox_outcome_check CHECK ((outcome = ANY (ARRAY['handled'::text, 'failed'::text, 'ignored'::text])))
);
ALTER TABLE ONLY public.inbox ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE public.inbox ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.inbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.job_log (
    repo text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    lines bytea NOT NULL
);
CREATE TABLE public.ledger (
    id bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C",
    plan_id text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    purpose text NOT NULL COLLATE pg_catalog."C",
    provider text NOT NULL COLLATE pg_catalog."C",
    model text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    input bigint DEFAULT 0 NOT NULL,
    cache_read bigint DEFAULT 0 NOT NULL,
    cache_write bigint DEFAULT 0 NOT NULL,
    output bigint DEFAULT 0 NOT NULL,
    cost bigint,
    held bigint DEFAULT 0 NOT NULL,
    price text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    attempt bigint DEFAULT 0 NOT NULL,
    repo text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    told bigint
);
ALTER TABLE public.ledger ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.ledger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.ledger_turn (
    calls bigint NOT NULL
);
CREATE TABLE public.lesson (
    id text NOT NULL COLLATE pg_catalog."C",
    repo text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    uses bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL
);
CREATE TABLE public.lesson_use (
    lesson text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    attempt bigint NOT NULL,
    told bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.lockstep_queue (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status public.lockstep_queue_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
);
CREATE SEQUENCE public.lockstep_queue_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.lockstep_queue_id_seq OWNED BY public.lockstep_queue.id;
CREATE UNLOGGED TABLE public.lockstep_queue_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status public.lockstep_queue_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);
ALTER TABLE public.lockstep_queue_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.lockstep_queue_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.lockstep_queue_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status public.lockstep_queue_status DEFAULT 'queued'::public.lockstep_queue_status
);
CREATE SEQUENCE public.lockstep_queue_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.lockstep_queue_schedules_id_seq OWNED BY public.lockstep_queue_schedules.id;
CREATE UNLOGGED TABLE public.lockstep_queue_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status public.lockstep_queue_status NOT NULL,
    entrypoint text NOT NULL
);
CREATE UNLOGGED SEQUENCE public.lockstep_queue_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.lockstep_queue_statistics_id_seq OWNED BY public.lockstep_queue_statistics.id;
CREATE TABLE public.outbox (
    seq bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    action bytea NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    tries bigint DEFAULT 0 NOT NULL,
    due text NOT NULL COLLATE pg_catalog."C",
    note text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    log text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    created_at text NOT NULL COLLATE pg_catalog."C",
    settled_at text COLLATE pg_catalog."C",
    trail text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
)
WITH (fillfactor='70');
ALTER TABLE public.outbox ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.outbox_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.past_posting (
    repo_id bigint NOT NULL,
    word text NOT NULL COLLATE pg_catalog."C",
    ordinal bigint NOT NULL,
    weight double precision NOT NULL
);
CREATE TABLE public.past_repo (
    id bigint NOT NULL,
    repo text NOT NULL COLLATE pg_catalog."C",
    tasks bigint NOT NULL
);
ALTER TABLE public.past_repo ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.past_repo_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.past_task (
    repo_id bigint NOT NULL,
    ordinal bigint NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    title text NOT NULL COLLATE pg_catalog."C",
    paths bytea NOT NULL
);
CREATE TABLE public.past_word (
    repo_id bigint NOT NULL,
    word text NOT NULL COLLATE pg_catalog."C",
    tasks bigint NOT NULL
);
CREATE TABLE public.plan (
    id text NOT NULL COLLATE pg_catalog."C",
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    title text NOT NULL COLLATE pg_catalog."C",
    hash text NOT NULL COLLATE pg_catalog."C",
    parsed bytea NOT NULL,
    author text NOT NULL COLLATE pg_catalog."C",
    issue_id text NOT NULL COLLATE pg_catalog."C",
    approved_hash text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    approved_by text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    approved_at text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    changed_at text NOT NULL COLLATE pg_catalog."C",
    edits bigint DEFAULT 0 NOT NULL,
    approvals bytea DEFAULT '\x5b5d'::bytea NOT NULL,
    file text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    draft bigint DEFAULT 0 NOT NULL,
    asked_by text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    approved_text bytea
);
CREATE TABLE public.recovery (
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    n bigint NOT NULL,
    plan_id text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    strategy text NOT NULL COLLATE pg_catalog."C",
    class text NOT NULL COLLATE pg_catalog."C",
    signature text NOT NULL COLLATE pg_catalog."C",
    outcome text NOT NULL COLLATE pg_catalog."C",
    repo text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.relation (
    plan_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.request (
    id text NOT NULL COLLATE pg_catalog."C",
    at text NOT NULL COLLATE pg_catalog."C",
    login text NOT NULL COLLATE pg_catalog."C",
    via text NOT NULL COLLATE pg_catalog."C",
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    command text NOT NULL COLLATE pg_catalog."C",
    why text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    answer text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.resolution (
    repo text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    sha text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C",
    attempt bigint NOT NULL,
    at text NOT NULL COLLATE pg_catalog."C",
    body bytea NOT NULL
);
CREATE TABLE public.result (
    key text NOT NULL COLLATE pg_catalog."C",
    holder text NOT NULL COLLATE pg_catalog."C",
    body bytea
);
CREATE TABLE public.run (
    seq bigint NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    plan_id text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL COLLATE pg_catalog."C",
    actor text NOT NULL COLLATE pg_catalog."C",
    approver text NOT NULL COLLATE pg_catalog."C",
    plan bytea NOT NULL,
    started_at text NOT NULL COLLATE pg_catalog."C",
    finished_at text COLLATE pg_catalog."C",
    barriers bytea DEFAULT '\x7b7d'::bytea NOT NULL,
    trace text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    resumed_at text COLLATE pg_catalog."C"
);
ALTER TABLE public.run ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.run_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.schema_version (
    version bigint NOT NULL
);
CREATE TABLE public.session (
    id text NOT NULL COLLATE pg_catalog."C",
    login text NOT NULL COLLATE pg_catalog."C",
    made text NOT NULL COLLATE pg_catalog."C",
    until text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.shard (
    id bigint NOT NULL,
    epoch bigint DEFAULT 0 NOT NULL,
    clean bigint DEFAULT 1 NOT NULL
);
CREATE TABLE public.signing_in (
    state text NOT NULL COLLATE pg_catalog."C",
    browser text NOT NULL COLLATE pg_catalog."C",
    verifier text NOT NULL COLLATE pg_catalog."C",
    next text NOT NULL COLLATE pg_catalog."C",
    until text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.sticky (
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    comment_id text NOT NULL COLLATE pg_catalog."C",
    body_hash text NOT NULL COLLATE pg_catalog."C",
    answers bytea NOT NULL,
    wanted bigint DEFAULT 0 NOT NULL,
    shown bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.task (
    run_id text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    state text NOT NULL COLLATE pg_catalog."C",
    data bytea NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.token (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL COLLATE pg_catalog."C",
    login text NOT NULL COLLATE pg_catalog."C",
    scopes text NOT NULL COLLATE pg_catalog."C",
    made text NOT NULL COLLATE pg_catalog."C",
    until text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.trial (
    repo text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    n bigint NOT NULL,
    actor text NOT NULL COLLATE pg_catalog."C",
    asked_at text NOT NULL COLLATE pg_catalog."C",
    sha text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    head text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    base text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    begun_at text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    verdict text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE public.wait (
    key text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    task text NOT NULL COLLATE pg_catalog."C"
);
ALTER TABLE ONLY public.lockstep_queue ALTER COLUMN id SET DEFAULT nextval('public.lockstep_queue_id_seq'::regclass);
ALTER TABLE ONLY public.lockstep_queue_schedules ALTER COLUMN id SET DEFAULT nextval('public.lockstep_queue_schedules_id_seq'::regclass);
ALTER TABLE ONLY public.lockstep_queue_statistics ALTER COLUMN id SET DEFAULT nextval('public.lockstep_queue_statistics_id_seq'::regclass);
INSERT INTO public.attempt VALUES ('acme/schema-1-r1', 'api', 1, 'acme/schema#1', 'acme', 'acme/api', '2026-11-30T11:05:00.790451+00:00', 'script', '', '', 0, 0, '', NULL, NULL, 0, '', '', 0, 0, '\x7b7d', '\x7b7d', 0);
INSERT INTO public.attempt VALUES ('acme/schema-1-r1', 'schema', 1, 'acme/schema#1', 'acme', 'acme/schema', '2026-11-30T11:04:59.871132+00:00', 'script', 'small', 'openai:gpt-4o', 0, 0, 'merged', 1, 1, 0, '', '', 0, 3, '\x7b2274696572223a22736d616c6c222c226d6f64656c223a226f70656e61693a6770742d346f222c22776879223a22497420697320736d616c6c2e227d', '\x7b2270726f6d7074223a22636f646572222c2261736b6564223a2264646464646464646464646464646464227d', 0);
INSERT INTO public.blind VALUES ('2026-03-01T12:00:00.000000+00:00', '2026-03-01T12:09:00.000000+00:00', 3, 2, 0);
INSERT INTO public.checked VALUES (1, '2026-03-01T12:00:00.000000+00:00');
INSERT INTO public.checkpoint VALUES ('acme/schema-1-r1', 'schema', 1, 'begun', 1, '2026-11-30T11:05:00.033268+00:00', 0, '\x7b7d', 0, NULL);
INSERT INTO public.checkpoint VALUES ('acme/schema-1-r1', 'schema', 1, 'worktree', 1, '2026-11-30T11:05:00.220034+00:00', 0.186766, '\x7b2262617365223a2262323465326138626439373130303662336461383735633839366563626537386239623438656666222c226272616e6368223a226c6f636b737465702f736368656d612d312f736368656d61227d', 0, NULL);
INSERT INTO public.checkpoint VALUES ('acme/schema-1-r1', 'schema', 1, 'agent', 1, '2026-11-30T11:05:00.230513+00:00', 0.007209, '\x7b226f6b223a747275652c2273756d6d617279223a22546865207363726970742066696e69736865642e222c22657869745f636f6465223a302c2274696d65645f6f7574223a66616c73652c22636f6e666c69637473223a5b5d7d', 0, NULL);
INSERT INTO public.checkpoint VALUES ('acme/schema-1-r1', 'schema', 1, 'commit', 1, '2026-11-30T11:05:00.275819+00:00', 0.045306, '\x7b22736861223a2236623761323431363366373262663365613538343134333132353035376538393738663064663037222c2272656675736564223a22222c226c6566746f76657273223a66616c73652c227061746873223a5b226669656c64732e747874225d7d', 542, '\x28b52ffd641e01b50d0044195041434b00000002000000039f137801013f01c0fe7472656520333262663162353633313365383236386431383739313066316261323366366333343265383839390a706172656e7420623234653261386264393731303036623364613837356338393665636265373862396234386566660a617574686f72206c6f636b737465705b626f745d203c4075736572732e6e6f7265706c792e6769746875622e636f6d3e2031373936303336363939202b303030300a636f6d6d697474650a416464206063757272656e63796020746f2074686520736368656d610a0a506c616e3a2061636d652f23310a5461736b3a33436732a00978010190006fff3420008e0a89fd070f50a1bca0a6292866e45d9891cca4343420524541444d452e6d6400b2ebb3e1b090118881ddf1623a47dcc5173882d96669656c64732e74787400b00ed951021ed78a035e8a434b4ce319421718a2746573742e7368005a59564034f7a26ef0d6ce544cfbfe74598eb13c6d4e38a3397801010900f6ff0a12cc03763a9be6c16b67d6f67c17a876b8f4b75263167f1c0a00301b524e2ae7204d3266ed355a0a2863555184cb662874154677428e89061dc5dc92');
INSERT INTO public.checkpoint VALUES ('acme/schema-1-r1', 'schema', 1, 'diff', 1, '2026-11-30T11:05:00.275797+00:00', 0, '\x7b7d', 136, '\x28b52ffd24884503009286161a7069db8668240d444921897ca9aa003763720b551c06f5f76f04b74018278982e0a574845780e65342c45b4b6127c17b9e9917182cab1ec6e8175ed66718025574de83e1bc5a5dc1ec8eb7a519c42e6e75086f5dc8bc52bd0103003b418e703807c6c4030ab44f18');
INSERT INTO public.checkpoint VALUES ('acme/schema-1-r1', 'schema', 1, 'push', 1, '2026-11-30T11:05:00.453443+00:00', 0.174375, '\x7b22736861223a2236623761323431363366373262663365613538343134333132353035376538393738663064663037222c2262617365223a2262323465326138626439373130303662336461383735633839366563626537386239623438656666227d', 0, NULL);
INSERT INTO public.cleared VALUES ('acme/schema-1-r1', 'logs', '2026-03-01T12:00:00.000000+00:00');
INSERT INTO public.command VALUES ('1000225/0', '2026-11-30T11:04:59.704304+00:00');
INSERT INTO public.command VALUES ('1000225/1', '2026-11-30T11:04:59.778904+00:00');
INSERT INTO public.command VALUES ('1000225', '2026-11-30T11:04:59.783742+00:00');
INSERT INTO public.dashboard VALUES ('acme', 'acme/api', '2026-03-01T12:00:00.000000+00:00', 0, '');
INSERT INTO public.delegation VALUES ('acme/schema#1', 'ben', '32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59', '\x7b226c6f67696e223a2262656e222c226279223a22616e61222c227665726273223a5b227265747279225d2c226174223a22323032362d30332d30315431323a30303a30302e3030303030302b30303a3030227d');
INSERT INTO public.draft VALUES ('acme/web#9', 1, 'void', '\x7b22706c616e5f6964223a2261636d652f7765622339222c226e223a312c227265706f223a2261636d652f776562222c226e756d626572223a392c226163746f72223a22616e61222c2261736b65645f6174223a22323032362d30332d30315431323a30303a30302e3030303030302b30303a3030222c227374617465223a22766f6964222c227472696573223a302c22616e7377657273223a5b5d2c2274657874223a22222c2268617368223a22222c227265706f73223a5b5d2c226d6f64656c223a22222c2270726f6d7074223a22222c22636f6d6d656e745f6964223a22222c22706f737465645f6174223a22222c22776879223a22222c22666c6f77223a22227d');
INSERT INTO public.event VALUES (1, 'acme/schema#1', '', '', '2026-11-30T11:04:59.696485+00:00', 'approved', '', '', 'ana', '32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59');
INSERT INTO public.event VALUES (2, 'acme/schema#1', 'acme/schema-1-r1', '', '2026-11-30T11:04:59.766926+00:00', 'started', '', 'running', 'ana', '');
INSERT INTO public.event VALUES (3, 'acme/schema#1', 'acme/schema-1-r1', 'schema', '2026-11-30T11:04:59.766926+00:00', 'unblocked', 'blocked', 'ready', '', '');
INSERT INTO public.event VALUES (4, 'acme/schema#1', 'acme/schema-1-r1', 'schema', '2026-11-30T11:04:59.871132+00:00', 'started', 'ready', 'running', '', '');
INSERT INTO public.event VALUES (5, 'acme/schema#1', 'acme/schema-1-r1', 'schema', '2026-11-30T11:05:00.511167+00:00', 'pushed', 'running', 'running', '', '');
INSERT INTO public.event VALUES (6, 'acme/schema#1', 'acme/schema-1-r1', 'schema', '2026-11-30T11:05:00.533168+00:00', 'opened', 'running', 'in_review', '', '');
INSERT INTO public.event VALUES (7, 'acme/schema#1', 'acme/schema-1-r1', 'schema', '2026-11-30T11:05:00.790451+00:00', 'merged', 'in_review', 'done', '', '');
INSERT INTO public.event VALUES (8, 'acme/schema#1', 'acme/schema-1-r1', 'api', '2026-11-30T11:05:00.790451+00:00', 'unblocked', 'blocked', 'ready', '', '');
INSERT INTO public.event VALUES (9, 'acme/schema#1', 'acme/schema-1-r1', 'api', '2026-11-30T11:05:00.790451+00:00', 'started', 'ready', 'running', '', '');
INSERT INTO public.event VALUES (10, 'acme/schema#1', '', '', '2026-03-01T12:00:00.000000+00:00', 'delegated', '', '', 'ana', '`ben` may use `retry`');
INSERT INTO public.gate VALUES ('acme/api', 12, '');
INSERT INTO public.gate_need VALUES ('pull:acme/schema#11', 'acme/api', 12);
INSERT INTO public.gate_override VALUES ('acme/api', 12, 'acme/schema#11', 'cccccccccccccccccccccccccccccccccccccccc', 'ana', 'It is urgent.', '2026-03-01T12:00:00.000000+00:00');
INSERT INTO public.inbox VALUES (43, '1000155', '9e66842c-9e3f-441d-995b-6074c991a1ae', 'workflow_run', '2026-11-30T11:05:00.713573+00:00', 18548, NULL, 'handled', '', 62, '', '', 0);
INSERT INTO public.inbox VALUES (44, '1000155', '5b13561e-7af0-4868-a0f6-1803e424c386', 'check_suite', '2026-11-30T11:05:00.716378+00:00', 9121, NULL, 'handled', '', 62, '', '', 0);
INSERT INTO public.inbox VALUES (45, '1000155', '4a213383-0c0c-4a95-9441-397a534c23c3', 'ping', '2026-11-30T11:05:00.792576+00:00', 14, '\x28b52ffd200e7100007b227a656e223a20226f6b227d0a', NULL, '', 62, '', '', 0);
INSERT INTO public.job_log VALUES ('acme/api', '77', '2026-03-01T12:00:00.000000+00:00', '\x28b52ffd203ce101007b226c696e6573223a5b7b226e756d626572223a312c2274657874223a226c6f7374227d5d2c22636f756e74223a312c22637574223a66616c73657d');
INSERT INTO public.ledger VALUES (1, '2026-03-01T12:00:00.000000+00:00', 'acme/schema#1', 'acme/schema-1-r1', 'schema', 'attempt', 'openai', 'gpt-4o', 'done', 10, 4, 2, 3, 12500000000, 0, 'settings', 1, 'acme/api', 10000000000);
INSERT INTO public.ledger_turn VALUES (1);
INSERT INTO public.lesson VALUES ('l1', 'acme/api', 'proposed', 1, '2026-03-01T12:00:00.000000+00:00', '\x7b226964223a226c31222c227265706f223a2261636d652f617069222c2274657874223a2257726974652074657374732066697273742e222c22736f75726365223a2261636d652f6170692333222c227374617465223a2270726f706f736564222c226279223a22222c2275736573223a302c227061746873223a5b5d2c2265766964656e6365223a5b5d7d');
INSERT INTO public.lesson_use VALUES ('l1', 'acme/schema-1-r1', 'schema', 1, 1, '2026-03-01T12:00:00.000000+00:00');
INSERT INTO public.lockstep_queue VALUES (2, 0, NULL, '2026-11-30 11:05:00.820737+00', '2026-11-30 11:05:00.820737+00', '2026-11-30 11:05:00.820737+00', '2026-11-30 11:05:00.820737+00', 'queued', 'attempt', 'acme/schema-1-r1/api/1/attempt', '\x7b226b6579223a2261636d652f736368656d612d312d72312f6170692f312f617474656d7074222c2272756e5f6964223a2261636d652f736368656d612d312d7231222c227461736b223a7b226964223a22617069222c227469746c65223a225365727665207468652063757272656e6379222c227265706f223a2261636d652f617069222c226e65656473223a5b22736368656d61225d2c2272756e223a227461696c202d66202f6465762f6e756c6c222c226c696e65223a327d2c22617474656d7074223a312c2266656e6365223a312c2262617365223a226d61696e222c226272616e6368223a226c6f636b737465702f736368656d612d312f617069222c226d657373616765223a225365727665207468652063757272656e63795c6e5c6e506c616e3a2061636d652f736368656d6123315c6e5461736b3a206170695c6e222c227768656e223a22323032362d31312d33305431313a30353a30302e3739303435315a222c227265706c61636573223a5b5d2c2270726f746563746564223a747275652c226e6f7465223a22222c226c6573736f6e73223a22222c2270617374223a22222c22706c616e5f6964223a2261636d652f736368656d612331222c226174223a22222c226361727279223a22222c22666f726b223a22222c226669786572223a22222c2270726f766573223a22222c2267656e657261746564223a7b7d2c22736f75726365223a22222c2273696e6365223a22222c22746970223a22222c2261646f707473223a66616c73652c227472616365223a22227d', 'null', 0, NULL);
INSERT INTO public.lockstep_queue_log VALUES (1, '2026-11-30 11:04:59.900068+00', 1, 'queued', 0, 'attempt', NULL, false);
INSERT INTO public.lockstep_queue_log VALUES (2, '2026-11-30 11:04:59.911467+00', 1, 'picked', 0, 'attempt', NULL, false);
INSERT INTO public.lockstep_queue_log VALUES (3, '2026-11-30 11:05:00.503862+00', 1, 'successful', 0, 'attempt', NULL, false);
INSERT INTO public.lockstep_queue_log VALUES (4, '2026-11-30 11:05:00.820737+00', 2, 'queued', 0, 'attempt', NULL, false);
INSERT INTO public.outbox VALUES (1, 'acme/schema-1-r1/schema/0/track', 'acme/schema-1-r1', '\x7b226b696e64223a22747261636b222c227461736b223a22736368656d61227d', 'done', 1, '', '', '', '2026-11-30T11:04:59.766926+00:00', '2026-11-30T11:04:59.871132+00:00', '');
INSERT INTO public.outbox VALUES (2, 'acme/schema-1-r1/api/0/track', 'acme/schema-1-r1', '\x7b226b696e64223a22747261636b222c227461736b223a22617069227d', 'done', 1, '', '', '', '2026-11-30T11:04:59.766926+00:00', '2026-11-30T11:04:59.893502+00:00', '');
INSERT INTO public.outbox VALUES (3, 'acme/schema-1-r1/docs/0/track', 'acme/schema-1-r1', '\x7b226b696e64223a22747261636b222c227461736b223a22646f6373227d', 'done', 1, '', '', '', '2026-11-30T11:04:59.766926+00:00', '2026-11-30T11:04:59.893502+00:00', '');
INSERT INTO public.outbox VALUES (4, 'acme/schema-1-r1//0/mark/running-2026-11-30T11:04:59.766926+00:00', 'acme/schema-1-r1', '\x7b226b696e64223a226d61726b227d', 'done', 1, '', '', '', '2026-11-30T11:04:59.766926+00:00', '2026-11-30T11:04:59.893502+00:00', '');
INSERT INTO public.outbox VALUES (5, 'acme/schema-1-r1/schema/1/attempt', 'acme/schema-1-r1', '\x7b226b696e64223a22617474656d7074222c227461736b223a22736368656d61222c22617474656d7074223a312c2266656e6365223a317d', 'done', 1, '', 'pushed', '', '2026-11-30T11:04:59.871132+00:00', '2026-11-30T11:05:00.511167+00:00', '');
INSERT INTO public.outbox VALUES (6, 'acme/schema-1-r1/schema/1/open_pull', 'acme/schema-1-r1', '\x7b226b696e64223a226f70656e5f70756c6c222c227461736b223a22736368656d61222c22617474656d7074223a312c2266656e6365223a317d', 'done', 1, '', '', '', '2026-11-30T11:05:00.511167+00:00', '2026-11-30T11:05:00.533168+00:00', '');
INSERT INTO public.outbox VALUES (7, 'acme/schema-1-r1/schema/1/checks/6b7a24163f72bf3ea584143125057e8978f0df07', 'acme/schema-1-r1', '\x7b226b696e64223a22636865636b73222c227461736b223a22736368656d61222c22617474656d7074223a312c2266656e6365223a312c22736861223a2236623761323431363366373262663365613538343134333132353035376538393738663064663037227d', 'done', 1, '', '', '', '2026-11-30T11:05:00.533168+00:00', '2026-11-30T11:05:00.580993+00:00', '');
INSERT INTO public.outbox VALUES (8, 'acme/schema-1-r1/schema/1/merge/6b7a24163f72bf3ea584143125057e8978f0df07', 'acme/schema-1-r1', '\x7b226b696e64223a226d65726765222c227461736b223a22736368656d61222c22617474656d7074223a312c2266656e6365223a312c22736861223a2236623761323431363366373262663365613538343134333132353035376538393738663064663037227d', 'done', 1, '', '', '', '2026-11-30T11:05:00.727062+00:00', '2026-11-30T11:05:00.790451+00:00', '');
INSERT INTO public.outbox VALUES (9, 'acme/schema-1-r1/schema/1/tidy/done-2', 'acme/schema-1-r1', '\x7b226b696e64223a2274696479222c227461736b223a22736368656d61222c22617474656d7074223a312c2266656e6365223a327d', 'doing', 1, '2026-11-30T11:05:00.790451+00:00', '', '', '2026-11-30T11:05:00.790451+00:00', NULL, '');
INSERT INTO public.outbox VALUES (10, 'acme/schema-1-r1/api/1/attempt', 'acme/schema-1-r1', '\x7b226b696e64223a22617474656d7074222c227461736b223a22617069222c22617474656d7074223a312c2266656e6365223a317d', 'doing', 1, '2026-11-30T11:05:00.790451+00:00', '', '', '2026-11-30T11:05:00.790451+00:00', NULL, '');
INSERT INTO public.past_posting VALUES (1, 'add', 1, 1.2155);
INSERT INTO public.past_posting VALUES (1, 'currenc', 1, 1.2155);
INSERT INTO public.past_posting VALUES (1, 'to', 1, 1.2155);
INSERT INTO public.past_posting VALUES (1, 'the', 1, 1.2155);
INSERT INTO public.past_posting VALUES (1, 'schema', 1, 1.2155);
INSERT INTO public.past_posting VALUES (1, 'field', 1, 1.2155);
INSERT INTO public.past_posting VALUES (1, 'txt', 1, 1.2155);
INSERT INTO public.past_repo OVERRIDING SYSTEM VALUE VALUES (1, 'acme/schema', 1);
INSERT INTO public.past_task VALUES (1, 1, 'acme/schema-1-r1/schema/4c19890789cc3c718b1f58d1e167954a42db1a3d', 3, 'Add `currency` to the schema', '\x5b226669656c64732e747874225d');
INSERT INTO public.past_word VALUES (1, 'add', 1);
INSERT INTO public.past_word VALUES (1, 'currenc', 1);
INSERT INTO public.past_word VALUES (1, 'field', 1);
INSERT INTO public.past_word VALUES (1, 'schema', 1);
INSERT INTO public.past_word VALUES (1, 'the', 1);
INSERT INTO public.past_word VALUES (1, 'to', 1);
INSERT INTO public.past_word VALUES (1, 'txt', 1);
INSERT INTO public.plan VALUES ('acme/schema#1', 'acme/schema', 1, 'Orders carry a currency', '32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59', '\x7b22706c616e223a7b227469746c65223a224f726465727320636172727920612063757272656e6379222c227461736b73223a5b7b226964223a22736368656d61222c227469746c65223a22416464206063757272656e63796020746f2074686520736368656d61222c227265706f223a2261636d652f736368656d61222c2272756e223a226563686f2063757272656e6379203e3e206669656c64732e747874222c226c696e65223a317d2c7b226964223a22617069222c227469746c65223a225365727665207468652063757272656e6379222c227265706f223a2261636d652f617069222c226e65656473223a5b22736368656d61225d2c2272756e223a227461696c202d66202f6465762f6e756c6c222c226c696e65223a327d2c7b226964223a22646f6373222c227469746c65223a224465736372696265206974222c227265706f223a2261636d652f617069222c226e65656473223a5b22617069225d2c2272756e223a226563686f205c224f7264657273206861766520612063757272656e63792e5c22203e3e20524541444d452e6d64222c226c696e65223a337d5d2c226170617274223a5b5d2c22737461636b6564223a5b5d2c226465706c6f7973223a5b5d7d2c2270726f626c656d73223a5b5d2c227461736b73223a5b7b226964223a22736368656d61222c227469746c65223a22416464206063757272656e63796020746f2074686520736368656d61222c227265706f223a2261636d652f736368656d61222c2272756e223a226563686f2063757272656e6379203e3e206669656c64732e747874222c226c696e65223a317d2c7b226964223a22617069222c227469746c65223a225365727665207468652063757272656e6379222c227265706f223a2261636d652f617069222c226e65656473223a5b22736368656d61225d2c2272756e223a227461696c202d66202f6465762f6e756c6c222c226c696e65223a327d2c7b226964223a22646f6373222c227469746c65223a224465736372696265206974222c227265706f223a2261636d652f617069222c226e65656473223a5b22617069225d2c2272756e223a226563686f205c224f7264657273206861766520612063757272656e63792e5c22203e3e20524541444d452e6d64222c226c696e65223a337d5d7d', 'ana', '1000183', '32da839ce5af03fd00656697f0d82dba5b5a7b479807538efe9e2968bcf04d59', 'ana', '2026-11-30T11:04:59.696485+00:00', '2026-11-30T11:04:59.000000+00:00', 0, '\x5b7b2268617368223a2233326461383339636535616630336664303036353636393766306438326462613562356137623437393830373533386566653965323936386263663034643539222c226279223a22616e61222c226174223a22323032362d31312d33305431313a30343a35392e3639363438352b30303a3030227d5d', '', 0, '', '\x7b22706c616e223a7b227469746c65223a224f726465727320636172727920612063757272656e6379222c227461736b73223a5b7b226964223a22736368656d61222c227469746c65223a22416464206063757272656e63796020746f2074686520736368656d61222c227265706f223a2261636d652f736368656d61222c2272756e223a226563686f2063757272656e6379203e3e206669656c64732e747874222c226c696e65223a317d2c7b226964223a22617069222c227469746c65223a225365727665207468652063757272656e6379222c227265706f223a2261636d652f617069222c226e65656473223a5b22736368656d61225d2c2272756e223a227461696c202d66202f6465762f6e756c6c222c226c696e65223a327d2c7b226964223a22646f6373222c227469746c65223a224465736372696265206974222c227265706f223a2261636d652f617069222c226e65656473223a5b22617069225d2c2272756e223a226563686f205c224f7264657273206861766520612063757272656e63792e5c22203e3e20524541444d452e6d64222c226c696e65223a337d5d2c226170617274223a5b5d2c22737461636b6564223a5b5d2c226465706c6f7973223a5b5d7d2c2270726f626c656d73223a5b5d2c227461736b73223a5b7b226964223a22736368656d61222c227469746c65223a22416464206063757272656e63796020746f2074686520736368656d61222c227265706f223a2261636d652f736368656d61222c2272756e223a226563686f2063757272656e6379203e3e206669656c64732e747874222c226c696e65223a317d2c7b226964223a22617069222c227469746c65223a225365727665207468652063757272656e6379222c227265706f223a2261636d652f617069222c226e65656473223a5b22736368656d61225d2c2272756e223a227461696c202d66202f6465762f6e756c6c222c226c696e65223a327d2c7b226964223a22646f6373222c227469746c65223a224465736372696265206974222c227265706f223a2261636d652f617069222c226e65656473223a5b22617069225d2c2272756e223a226563686f205c224f7264657273206861766520612063757272656e63792e5c22203e3e20524541444d452e6d64222c226c696e65223a337d5d7d');
INSERT INTO public.recovery VALUES ('acme/schema-1-r1', 'schema', 1, 'acme/schema#1', '2026-03-01T12:00:00.000000+00:00', 'retry', 'runner', '', 'worked', 'acme/api');
INSERT INTO public.relation VALUES ('acme/schema#1', 'issue:acme/api#8');
INSERT INTO public.request VALUES ('1f0c', '2026-03-01T12:00:00.000000+00:00', 'ana', 'page', 'acme/api', 1, 'status', '', 'done', '');
INSERT INTO public.resolution VALUES ('acme/api', 'eeeeeeeeeeeeeeee', 'cccccccccccccccccccccccccccccccccccccccc', 'acme/schema-1-r1', 'schema', 1, '2026-03-01T12:00:00.000000+00:00', '\x5b226f6e65222c2274776f225d');
INSERT INTO public.result VALUES ('acme/schema-1-r1/schema/1/attempt', 'all-ef600350ff8c/1', '\x7b22726573756c74223a7b226b696e64223a22707573686564222c2266656e6365223a312c22686561645f736861223a2236623761323431363366373262663365613538343134333132353035376538393738663064663037222c22626173655f736861223a2262323465326138626439373130303662336461383735633839366563626537386239623438656666222c2266696c6573223a5b7b2270617468223a226669656c64732e747874222c226b696e64223a226164646564222c226d6f6465223a33333138382c2273697a65223a392c226164646564223a317d5d2c22657869745f636f6465223a302c22726561736f6e223a22222c226c6f67223a22222c227365636f6e6473223a302e3432363339332c226f766572223a22222c22636f6e666c69637473223a5b5d2c2269735f686f70656c657373223a66616c73652c2269735f666f725f615f706572736f6e223a66616c73652c2269735f6f757273223a66616c73657d2c2274726f75626c65223a6e756c6c7d');
INSERT INTO public.result VALUES ('acme/schema-1-r1/api/1/attempt', 'worker-1', NULL);
INSERT INTO public.run VALUES (1, 'acme/schema-1-r1', 'acme/schema#1', 'running', 'ana', 'ana', '\x7b227469746c65223a224f726465727320636172727920612063757272656e6379222c227461736b73223a5b7b226964223a22736368656d61222c227469746c65223a22416464206063757272656e63796020746f2074686520736368656d61222c227265706f223a2261636d652f736368656d61222c2272756e223a226563686f2063757272656e6379203e3e206669656c64732e747874222c226c696e65223a317d2c7b226964223a22617069222c227469746c65223a225365727665207468652063757272656e6379222c227265706f223a2261636d652f617069222c226e65656473223a5b22736368656d61225d2c2272756e223a227461696c202d66202f6465762f6e756c6c222c226c696e65223a327d2c7b226964223a22646f6373222c227469746c65223a224465736372696265206974222c227265706f223a2261636d652f617069222c226e65656473223a5b22617069225d2c2272756e223a226563686f205c224f7264657273206861766520612063757272656e63792e5c22203e3e20524541444d452e6d64222c226c696e65223a337d5d2c226170617274223a5b5d2c22737461636b6564223a5b5d2c226465706c6f7973223a5b5d7d', '2026-11-30T11:04:59.766926+00:00', NULL, '\x7b7d', '', NULL);
INSERT INTO public.schema_version VALUES (1);
INSERT INTO public.schema_version VALUES (2);
INSERT INTO public.schema_version VALUES (3);
INSERT INTO public.schema_version VALUES (4);
INSERT INTO public.schema_version VALUES (5);
INSERT INTO public.schema_version VALUES (6);
INSERT INTO public.schema_version VALUES (7);
INSERT INTO public.schema_version VALUES (8);
INSERT INTO public.schema_version VALUES (9);
INSERT INTO public.schema_version VALUES (10);
INSERT INTO public.schema_version VALUES (11);
INSERT INTO public.schema_version VALUES (12);
INSERT INTO public.schema_version VALUES (13);
INSERT INTO public.schema_version VALUES (14);
INSERT INTO public.schema_version VALUES (15);
INSERT INTO public.schema_version VALUES (16);
INSERT INTO public.schema_version VALUES (17);
INSERT INTO public.schema_version VALUES (18);
INSERT INTO public.schema_version VALUES (19);
INSERT INTO public.schema_version VALUES (20);
INSERT INTO public.schema_version VALUES (21);
INSERT INTO public.schema_version VALUES (22);
INSERT INTO public.schema_version VALUES (23);
INSERT INTO public.schema_version VALUES (24);
INSERT INTO public.schema_version VALUES (25);
INSERT INTO public.schema_version VALUES (26);
INSERT INTO public.schema_version VALUES (27);
INSERT INTO public.schema_version VALUES (28);
INSERT INTO public.schema_version VALUES (29);
INSERT INTO public.schema_version VALUES (30);
INSERT INTO public.schema_version VALUES (31);
INSERT INTO public.schema_version VALUES (32);
INSERT INTO public.schema_version VALUES (33);
INSERT INTO public.schema_version VALUES (34);
INSERT INTO public.schema_version VALUES (35);
INSERT INTO public.schema_version VALUES (36);
INSERT INTO public.schema_version VALUES (37);
INSERT INTO public.schema_version VALUES (38);
INSERT INTO public.session VALUES ('2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b', 'ana', '2026-03-01T12:00:00.000000+00:00', '2036-02-27T12:00:00.000000+00:00');
INSERT INTO public.shard VALUES (0, 1, 1);
INSERT INTO public.shard VALUES (1, 1, 1);
INSERT INTO public.shard VALUES (2, 1, 1);
INSERT INTO public.shard VALUES (3, 1, 1);
INSERT INTO public.shard VALUES (4, 1, 1);
INSERT INTO public.shard VALUES (5, 1, 1);
INSERT INTO public.shard VALUES (6, 1, 1);
INSERT INTO public.shard VALUES (7, 1, 1);
INSERT INTO public.shard VALUES (8, 1, 1);
INSERT INTO public.shard VALUES (9, 1, 1);
INSERT INTO public.shard VALUES (10, 1, 1);
INSERT INTO public.shard VALUES (11, 1, 1);
INSERT INTO public.shard VALUES (12, 1, 1);
INSERT INTO public.shard VALUES (13, 1, 1);
INSERT INTO public.shard VALUES (14, 1, 1);
INSERT INTO public.shard VALUES (15, 1, 1);
INSERT INTO public.shard VALUES (16, 1, 1);
INSERT INTO public.shard VALUES (17, 1, 1);
INSERT INTO public.shard VALUES (18, 1, 1);
INSERT INTO public.shard VALUES (19, 1, 1);
INSERT INTO public.shard VALUES (20, 1, 1);
INSERT INTO public.shard VALUES (21, 1, 1);
INSERT INTO public.shard VALUES (22, 1, 1);
INSERT INTO public.shard VALUES (23, 1, 1);
INSERT INTO public.shard VALUES (24, 1, 1);
INSERT INTO public.shard VALUES (25, 1, 1);
INSERT INTO public.shard VALUES (26, 1, 1);
INSERT INTO public.shard VALUES (27, 1, 1);
INSERT INTO public.shard VALUES (28, 1, 1);
INSERT INTO public.shard VALUES (29, 1, 1);
INSERT INTO public.shard VALUES (30, 1, 1);
INSERT INTO public.shard VALUES (31, 1, 1);
INSERT INTO public.shard VALUES (32, 1, 1);
INSERT INTO public.shard VALUES (33, 1, 1);
INSERT INTO public.shard VALUES (34, 1, 1);
INSERT INTO public.shard VALUES (35, 1, 1);
INSERT INTO public.shard VALUES (36, 1, 1);
INSERT INTO public.shard VALUES (37, 1, 1);
INSERT INTO public.shard VALUES (38, 1, 1);
INSERT INTO public.shard VALUES (39, 1, 1);
INSERT INTO public.shard VALUES (40, 1, 1);
INSERT INTO public.shard VALUES (41, 1, 1);
INSERT INTO public.shard VALUES (42, 1, 1);
INSERT INTO public.shard VALUES (43, 1, 1);
INSERT INTO public.shard VALUES (44, 1, 1);
INSERT INTO public.shard VALUES (45, 1, 1);
INSERT INTO public.shard VALUES (46, 1, 1);
INSERT INTO public.shard VALUES (47, 1, 1);
INSERT INTO public.shard VALUES (48, 1, 1);
INSERT INTO public.shard VALUES (49, 1, 1);
INSERT INTO public.shard VALUES (50, 1, 1);
INSERT INTO public.shard VALUES (51, 1, 1);
INSERT INTO public.shard VALUES (52, 1, 1);
INSERT INTO public.shard VALUES (53, 1, 1);
INSERT INTO public.shard VALUES (54, 1, 1);
INSERT INTO public.shard VALUES (55, 1, 1);
INSERT INTO public.shard VALUES (56, 1, 1);
INSERT INTO public.shard VALUES (57, 1, 1);
INSERT INTO public.shard VALUES (58, 1, 1);
INSERT INTO public.shard VALUES (59, 1, 1);
INSERT INTO public.shard VALUES (60, 1, 1);
INSERT INTO public.shard VALUES (61, 1, 1);
INSERT INTO public.shard VALUES (62, 1, 1);
INSERT INTO public.shard VALUES (63, 1, 1);
INSERT INTO public.signing_in VALUES ('4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e', '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d', 'v', '/', '2036-02-27T12:00:00.000000+00:00');
INSERT INTO public.sticky VALUES ('acme/schema', 1, '1000211', 'd3ac6e66fcd4f752084488f72efbd1864796d71023cc21631ca4ea0aad63d201', '\x5b7b22746f223a22616e61222c22636f6d6d616e64223a222f6c6f636b7374657020617070726f7665222c2274657874223a22417070726f7665642061732060333264613833396365356166602e20602f6c6f636b737465702072756e60207374617274732069742e227d2c7b22746f223a22616e61222c22636f6d6d616e64223a222f6c6f636b737465702072756e222c2274657874223a22537461727465643a2033207461736b732e20546865207461626c652061626f76652073686f777320686f77206661722069742069732e227d5d', 12, 11);
INSERT INTO public.sticky VALUES ('acme/web', 9, '', '', '\x5b5d', 2, 0);
INSERT INTO public.task VALUES ('acme/schema-1-r1', 'docs', 2, 'blocked', '\x7b226964223a22646f6373222c226973737565223a322c2273696e6365223a22323032362d31312d33305431313a30343a35392e3736363932365a227d');
INSERT INTO public.task VALUES ('acme/schema-1-r1', 'schema', 0, 'done', '\x7b226964223a22736368656d61222c227374617465223a22646f6e65222c22617474656d7074223a312c2266656e6365223a322c226973737565223a322c2270756c6c223a332c22686561645f736861223a2236623761323431363366373262663365613538343134333132353035376538393738663064663037222c226865616473223a5b2236623761323431363366373262663365613538343134333132353035376538393738663064663037225d2c226d657267655f736861223a2234633139383930373839636333633731386231663538643165313637393534613432646231613364222c22776f726b6564223a302e3636323033362c226368616e676564223a5b226669656c64732e747874225d2c22686561645f6174223a22323032362d31312d33305431313a30353a30302e3531313136375a222c2273696e6365223a22323032362d31312d33305431313a30353a30302e3739303435315a222c22737461727465645f6174223a22323032362d31312d33305431313a30343a35392e3837313133325a222c2266696e69736865645f6174223a22323032362d31312d33305431313a30353a30302e3739303435315a227d');
INSERT INTO public.task VALUES ('acme/schema-1-r1', 'api', 1, 'running', '\x7b226964223a22617069222c227374617465223a2272756e6e696e67222c22617474656d7074223a312c2266656e6365223a312c226973737565223a312c2273696e6365223a22323032362d31312d33305431313a30353a30302e3739303435315a222c22737461727465645f6174223a22323032362d31312d33305431313a30353a30302e3739303435315a227d');
INSERT INTO public.token VALUES ('3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0', 'ci', 'ana', 'read', '2026-03-01T12:00:00.000000+00:00', '2036-02-27T12:00:00.000000+00:00');
INSERT INTO public.trial VALUES ('acme/api', 12, 1, 'ana', '2026-03-01T12:00:00.000000+00:00', '', '', '', '', '');
INSERT INTO public.wait VALUES ('issue:acme/api#1', 'acme/schema-1-r1', 'api');
INSERT INTO public.wait VALUES ('issue:acme/api#2', 'acme/schema-1-r1', 'docs');
SELECT pg_catalog.setval('public.event_seq_seq', 10, true);
SELECT pg_catalog.setval('public.inbox_id_seq', 45, true);
SELECT pg_catalog.setval('public.ledger_id_seq', 1, true);
SELECT pg_catalog.setval('public.lockstep_queue_id_seq', 2, true);
SELECT pg_catalog.setval('public.lockstep_queue_log_id_seq', 4, true);
SELECT pg_catalog.setval('public.lockstep_queue_schedules_id_seq', 1, false);
SELECT pg_catalog.setval('public.lockstep_queue_statistics_id_seq', 1, false);
SELECT pg_catalog.setval('public.outbox_seq_seq', 10, true);
SELECT pg_catalog.setval('public.past_repo_id_seq', 1, true);
SELECT pg_catalog.setval('public.run_seq_seq', 1, true);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (run_id, task, attempt);
ALTER TABLE ONLY public.blind
    ADD CONSTRAINT blind_pkey PRIMARY KEY (began);
ALTER TABLE ONLY public.cache
    ADD CONSTRAINT cache_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.checked
    ADD CONSTRAINT checked_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.checkpoint
    ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (run_id, task, fence, step);
ALTER TABLE ONLY public.cleared
    ADD CONSTRAINT cleared_pkey PRIMARY KEY (run_id, what);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (comment_id);
ALTER TABLE ONLY public.dashboard
    ADD CONSTRAINT dashboard_pkey PRIMARY KEY (owner);
ALTER TABLE ONLY public.delegation
    ADD CONSTRAINT delegation_pkey PRIMARY KEY (plan_id, login);
ALTER TABLE ONLY public.draft
    ADD CONSTRAINT draft_pkey PRIMARY KEY (plan_id, n);
ALTER TABLE ONLY public.gate_need
    ADD CONSTRAINT gate_need_pkey PRIMARY KEY (key, repo, number);
ALTER TABLE ONLY public.gate_override
    ADD CONSTRAINT gate_override_pkey PRIMARY KEY (repo, number, need);
ALTER TABLE ONLY public.gate
    ADD CONSTRAINT gate_pkey PRIMARY KEY (repo, number);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_hook_id_guid_key UNIQUE (hook_id, guid);
ALTER TABLE ONLY public.inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.job_log
    ADD CONSTRAINT job_log_pkey PRIMARY KEY (repo, id);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lesson
    ADD CONSTRAINT lesson_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lesson_use
    ADD CONSTRAINT lesson_use_pkey PRIMARY KEY (lesson, run_id, task, attempt);
ALTER TABLE ONLY public.lockstep_queue_log
    ADD CONSTRAINT lockstep_queue_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lockstep_queue
    ADD CONSTRAINT lockstep_queue_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lockstep_queue_schedules
    ADD CONSTRAINT lockstep_queue_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);
ALTER TABLE ONLY public.lockstep_queue_schedules
    ADD CONSTRAINT lockstep_queue_schedules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lockstep_queue_statistics
    ADD CONSTRAINT lockstep_queue_statistics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.past_posting
    ADD CONSTRAINT past_posting_pkey PRIMARY KEY (repo_id, word, ordinal) INCLUDE (weight);
ALTER TABLE ONLY public.past_repo
    ADD CONSTRAINT past_repo_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.past_repo
    ADD CONSTRAINT past_repo_repo_key UNIQUE (repo);
ALTER TABLE ONLY public.past_task
    ADD CONSTRAINT past_task_pkey PRIMARY KEY (repo_id, ordinal);
ALTER TABLE ONLY public.past_word
    ADD CONSTRAINT past_word_pkey PRIMARY KEY (repo_id, word);
ALTER TABLE ONLY public.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.recovery
    ADD CONSTRAINT recovery_pkey PRIMARY KEY (run_id, task, n);
ALTER TABLE ONLY public.relation
    ADD CONSTRAINT relation_pkey PRIMARY KEY (plan_id, key);
ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.resolution
    ADD CONSTRAINT resolution_pkey PRIMARY KEY (repo, id, sha);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_id_key UNIQUE (id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.schema_version
    ADD CONSTRAINT schema_version_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.shard
    ADD CONSTRAINT shard_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signing_in
    ADD CONSTRAINT signing_in_pkey PRIMARY KEY (state);
ALTER TABLE ONLY public.sticky
    ADD CONSTRAINT sticky_pkey PRIMARY KEY (repo, number);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_pkey PRIMARY KEY (run_id, id);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_login_name_key UNIQUE (login, name);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.trial
    ADD CONSTRAINT trial_pkey PRIMARY KEY (repo, number);
ALTER TABLE ONLY public.wait
    ADD CONSTRAINT wait_pkey PRIMARY KEY (key, run_id, task);
CREATE INDEX attempt_at ON public.attempt USING btree (at);
CREATE INDEX attempt_failed ON public.attempt USING btree (owner, at) WHERE (class <> ''::text);
CREATE INDEX attempt_owner ON public.attempt USING btree (owner, at) WHERE (model <> ''::text);
CREATE INDEX attempt_plan ON public.attempt USING btree (plan_id) WHERE (model <> ''::text);
CREATE INDEX attempt_pull ON public.attempt USING btree (repo, pull) WHERE (pull <> 0);
CREATE INDEX attempt_repo ON public.attempt USING btree (repo, at) WHERE (model <> ''::text);
CREATE INDEX cache_used ON public.cache USING btree (used_at);
CREATE INDEX checkpoint_blobs ON public.checkpoint USING btree (at) WHERE (blob IS NOT NULL);
CREATE INDEX command_at ON public.command USING btree (at);
CREATE INDEX draft_open ON public.draft USING btree (plan_id) WHERE (state = ANY (ARRAY['asked'::text, 'written'::text]));
CREATE UNIQUE INDEX event_plan ON public.event USING btree (plan_id, seq);
CREATE INDEX gate_need_place ON public.gate_need USING btree (repo, number);
CREATE INDEX inbox_again ON public.inbox USING btree (again_at) WHERE (again_at <> ''::text);
CREATE INDEX inbox_bodies ON public.inbox USING btree (received_at) WHERE (body IS NOT NULL);
CREATE INDEX inbox_guid ON public.inbox USING btree (guid);
CREATE INDEX inbox_waiting ON public.inbox USING btree (id) WHERE (outcome IS NULL);
CREATE INDEX job_log_at ON public.job_log USING btree (at);
CREATE INDEX ledger_at ON public.ledger USING btree (at);
CREATE INDEX ledger_plan ON public.ledger USING btree (plan_id, run_id, task);
CREATE INDEX ledger_repo ON public.ledger USING btree (repo, at) WHERE (repo <> ''::text);
CREATE INDEX lesson_of_repo ON public.lesson USING btree (repo, state, at);
CREATE INDEX lesson_use_at ON public.lesson_use USING btree (at);
CREATE INDEX lockstep_queue_ep_ea_idx ON public.lockstep_queue USING btree (entrypoint, execute_after) WHERE (status = 'queued'::public.lockstep_queue_status);
CREATE INDEX lockstep_queue_ep_prio_id_idx ON public.lockstep_queue USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::public.lockstep_queue_status);
CREATE INDEX lockstep_queue_log_created ON public.lockstep_queue_log USING btree (created);
CREATE INDEX lockstep_queue_log_job_id_status ON public.lockstep_queue_log USING btree (job_id, created DESC);
CREATE INDEX lockstep_queue_log_not_aggregated ON public.lockstep_queue_log USING btree ((1)) WHERE (NOT aggregated);
CREATE INDEX lockstep_queue_log_status ON public.lockstep_queue_log USING btree (status);
CREATE INDEX lockstep_queue_picked_heartbeat_idx ON public.lockstep_queue USING btree (heartbeat) WHERE (status = 'picked'::public.lockstep_queue_status);
CREATE UNIQUE INDEX lockstep_queue_picked_slot_idx ON public.lockstep_queue USING btree (entrypoint, slot) WHERE ((status = 'picked'::public.lockstep_queue_status) AND (slot IS NOT NULL));
CREATE INDEX lockstep_queue_priority_id_id1_idx ON public.lockstep_queue USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::public.lockstep_queue_status);
CREATE INDEX lockstep_queue_queue_manager_id_idx ON public.lockstep_queue USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);
CREATE UNIQUE INDEX lockstep_queue_statistics_unique_count ON public.lockstep_queue_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);
CREATE UNIQUE INDEX lockstep_queue_unique_dedupe_key ON public.lockstep_queue USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::public.lockstep_queue_status, 'picked'::public.lockstep_queue_status])) AND (dedupe_key IS NOT NULL));
CREATE INDEX lockstep_queue_updated_id_id1_idx ON public.lockstep_queue USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::public.lockstep_queue_status);
CREATE INDEX outbox_open ON public.outbox USING btree (run_id) WHERE (state <> 'done'::text);
CREATE UNIQUE INDEX past_task_key ON public.past_task USING btree (repo_id, key);
CREATE INDEX recovery_plan ON public.recovery USING btree (plan_id);
CREATE INDEX recovery_repo ON public.recovery USING btree (repo, at);
CREATE INDEX relation_key ON public.relation USING btree (key);
CREATE INDEX request_at ON public.request USING btree (at, id);
CREATE INDEX resolution_at ON public.resolution USING btree (at);
CREATE INDEX resolution_repo ON public.resolution USING btree (repo, at);
CREATE INDEX run_live ON public.run USING btree (state) WHERE (state = ANY (ARRAY['running'::text, 'paused'::text, 'failed'::text]));
CREATE INDEX run_over ON public.run USING btree (finished_at) WHERE (finished_at IS NOT NULL);
CREATE INDEX run_plan ON public.run USING btree (plan_id);
CREATE INDEX session_until ON public.session USING btree (until);
CREATE INDEX sticky_behind ON public.sticky USING btree (repo) WHERE (shown < wanted);
CREATE INDEX trial_sha ON public.trial USING btree (sha);
CREATE INDEX wait_task ON public.wait USING btree (run_id, task);
CREATE TRIGGER lockstep_queue_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.lockstep_queue FOR EACH STATEMENT EXECUTE FUNCTION public.lockstep_queue_changed();
ALTER TABLE ONLY public.delegation
    ADD CONSTRAINT delegation_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plan(id);
ALTER TABLE ONLY public.past_posting
    ADD CONSTRAINT past_posting_repo_id_fkey FOREIGN KEY (repo_id) REFERENCES public.past_repo(id);
ALTER TABLE ONLY public.past_task
    ADD CONSTRAINT past_task_repo_id_fkey FOREIGN KEY (repo_id) REFERENCES public.past_repo(id);
ALTER TABLE ONLY public.past_word
    ADD CONSTRAINT past_word_repo_id_fkey FOREIGN KEY (repo_id) REFERENCES public.past_repo(id);
ALTER TABLE ONLY public.run
    ADD CONSTRAINT run_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES public.plan(id);
ALTER TABLE ONLY public.task
    ADD CONSTRAINT task_run_id_fkey FOREIGN KEY (run_id) REFERENCES public.run(id);
