CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0009');
CREATE TABLE batches (
	name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	made_at BIGINT NOT NULL, 
	words TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE channels (
	channel VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	first_seen BIGINT NOT NULL, doubted_since BIGINT, doubted_until BIGINT, doubt_due BIGINT, doubt_readings INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (channel)
);
CREATE TABLE deliveries (
	uid VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	item_id VARCHAR NOT NULL, 
	action VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	origin VARCHAR NOT NULL, 
	due BIGINT NOT NULL, 
	attempts INTEGER NOT NULL, 
	failures INTEGER NOT NULL, 
	readings INTEGER NOT NULL, 
	generation INTEGER NOT NULL, 
	is_unclear BOOLEAN NOT NULL, 
	is_key_spent BOOLEAN NOT NULL, 
	"key" VARCHAR, 
	payload BLOB, 
	frozen_at BIGINT, 
	first_sent_at BIGINT, 
	remote_id VARCHAR, 
	remote_url VARCHAR, 
	sent_at BIGINT, 
	owner VARCHAR, 
	fence INTEGER NOT NULL, topics TEXT DEFAULT '' NOT NULL, owed_since BIGINT, batch VARCHAR, is_doubted BOOLEAN DEFAULT '0' NOT NULL, issue VARCHAR, code VARCHAR DEFAULT 'other' NOT NULL, snapshot TEXT, 
	PRIMARY KEY (uid)
);
CREATE TABLE events (
	number INTEGER NOT NULL, 
	uid VARCHAR NOT NULL, 
	at BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	attempt INTEGER NOT NULL, code VARCHAR DEFAULT 'other' NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE "files" (
	path VARCHAR NOT NULL, 
	size_bytes BIGINT NOT NULL, 
	mtime_ns BIGINT NOT NULL, 
	inode BIGINT NOT NULL, 
	digest VARCHAR NOT NULL, 
	image VARCHAR NOT NULL, 
	item_id VARCHAR, 
	skipped VARCHAR, 
	faults TEXT, 
	packed BLOB, 
	published BIGINT, 
	slug VARCHAR, 
	PRIMARY KEY (path)
);
CREATE TABLE hubs (
	hub VARCHAR NOT NULL, 
	rests_until BIGINT, 
	accepted_at BIGINT, 
	error TEXT, 
	failed_at BIGINT, 
	PRIMARY KEY (hub)
);
CREATE TABLE items (
	item_id VARCHAR NOT NULL, 
	revision VARCHAR NOT NULL, 
	path VARCHAR NOT NULL, 
	link_key VARCHAR NOT NULL, 
	is_withdrawn BOOLEAN NOT NULL, 
	first_seen BIGINT NOT NULL, 
	PRIMARY KEY (item_id)
);
CREATE TABLE marks (
	name VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE pings (
	hub VARCHAR NOT NULL, 
	topic VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	told VARCHAR, 
	due BIGINT NOT NULL, 
	failures INTEGER NOT NULL, 
	PRIMARY KEY (hub, topic)
);
CREATE TABLE rests (
	scope VARCHAR NOT NULL, 
	why VARCHAR NOT NULL, 
	until BIGINT NOT NULL, 
	words TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	noted_at BIGINT NOT NULL, 
	PRIMARY KEY (scope, why)
);
CREATE TABLE sightings (
	channel VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	link_key VARCHAR NOT NULL, 
	remote_id VARCHAR NOT NULL, 
	remote_url VARCHAR, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (channel, account, link_key)
);
CREATE TABLE tokens (
	name VARCHAR NOT NULL, 
	sealed BLOB NOT NULL, 
	kept_at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE INDEX ix_items_link_key ON items (link_key);
CREATE INDEX ix_deliveries_item_id ON deliveries (item_id);
CREATE INDEX ix_events_uid ON events (uid);
CREATE INDEX deliveries_due ON deliveries (channel, state, action, origin, due);
CREATE INDEX deliveries_sent ON deliveries (channel, sent_at);
CREATE INDEX ix_deliveries_batch ON deliveries (batch);
CREATE INDEX deliveries_issue ON deliveries (issue);
CREATE INDEX ix_files_item_id ON files (item_id);
