import { SmartshareError } from '@smartshare/codec'
import type { Database } from './database.ts'

// The tables, by version. A version that is out is never changed: what comes later is a migration of its own. Texts are
// compared by their bytes ("C"), so that both databases give the same order whatever their locale. Amounts are numerics.

const FIRST = `
CREATE TABLE progress (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  chain_id text NOT NULL, name text NOT NULL, genesis_ms bigint NOT NULL,
  height bigint NOT NULL, hash text NOT NULL, time_ms bigint NOT NULL,
  transactions bigint NOT NULL DEFAULT 0, events bigint NOT NULL DEFAULT 0,
  turns text NOT NULL
);
CREATE TABLE blocks (
  height bigint PRIMARY KEY, hash text COLLATE "C" NOT NULL, parent text NOT NULL, term bigint NOT NULL, slot bigint NOT NULL,
  time_ms bigint NOT NULL, leader text COLLATE "C" NOT NULL, transactions bigint NOT NULL, failed bigint NOT NULL,
  events bigint NOT NULL, missed bigint NOT NULL, gas bigint NOT NULL, fee numeric NOT NULL, base_price numeric NOT NULL,
  mode text NOT NULL, size_bytes bigint NOT NULL
);
CREATE UNIQUE INDEX blocks_hash ON blocks (hash);
CREATE TABLE transactions (
  height bigint NOT NULL, index bigint NOT NULL, id text COLLATE "C" NOT NULL, time_ms bigint NOT NULL,
  sender text COLLATE "C" NOT NULL, payer text COLLATE "C" NOT NULL, lane bigint NOT NULL, nonce numeric NOT NULL,
  failed boolean NOT NULL, error_code text, error_message text, gas bigint NOT NULL, fee numeric NOT NULL,
  size_bytes bigint NOT NULL, events bigint NOT NULL, calls text NOT NULL,
  PRIMARY KEY (height, index)
);
CREATE UNIQUE INDEX transactions_id ON transactions (id);
CREATE INDEX transactions_failed ON transactions (height, index) WHERE failed;
CREATE TABLE events (
  height bigint NOT NULL, position bigint NOT NULL, tx_index bigint, source text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL, data text, encoded text,
  PRIMARY KEY (height, position)
);
CREATE INDEX events_source ON events (source, name, height, position);
CREATE INDEX events_source_any ON events (source, height, position);
CREATE TABLE subjects (
  kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, height bigint NOT NULL, position bigint NOT NULL,
  PRIMARY KEY (kind, id, height, position)
);
CREATE TABLE accounts (
  address text COLLATE "C" PRIMARY KEY, first_height bigint, last_height bigint, transactions bigint NOT NULL DEFAULT 0
);
CREATE TABLE account_transactions (
  address text COLLATE "C" NOT NULL, height bigint NOT NULL, index bigint NOT NULL,
  PRIMARY KEY (address, height, index)
);
CREATE TABLE transfers (
  height bigint NOT NULL, position bigint NOT NULL, tx_index bigint, kind text NOT NULL, token text COLLATE "C" NOT NULL,
  sender text COLLATE "C", receiver text COLLATE "C", amount numeric NOT NULL,
  PRIMARY KEY (height, position)
);
CREATE INDEX transfers_token ON transfers (token, height, position);
CREATE INDEX transfers_sender ON transfers (sender, height, position);
CREATE INDEX transfers_receiver ON transfers (receiver, height, position);
CREATE INDEX transfers_sender_token ON transfers (sender, token, height, position);
CREATE INDEX transfers_receiver_token ON transfers (receiver, token, height, position);
CREATE TABLE tokens (
  token text COLLATE "C" PRIMARY KEY, issuer text, name text, symbol text, decimals bigint, cap numeric,
  supply numeric NOT NULL DEFAULT 0, height bigint, position bigint, time_ms bigint,
  holders bigint NOT NULL DEFAULT 0, transfers bigint NOT NULL DEFAULT 0
);
CREATE INDEX tokens_order ON tokens (height, position);
CREATE TABLE holdings (
  token text COLLATE "C" NOT NULL, account text COLLATE "C" NOT NULL, units numeric NOT NULL,
  PRIMARY KEY (token, account)
);
CREATE INDEX holdings_most ON holdings (token, units DESC, account) WHERE units > 0;
CREATE TABLE contracts (
  contract text COLLATE "C" PRIMARY KEY, publisher text, name text, code_hash text, version bigint, paused boolean,
  height bigint, position bigint, time_ms bigint, changed_height bigint,
  calls bigint NOT NULL DEFAULT 0, events bigint NOT NULL DEFAULT 0
);
CREATE INDEX contracts_order ON contracts (height, position);
CREATE TABLE delegates (
  address text COLLATE "C" PRIMARY KEY, name text, bond numeric, commission bigint, height bigint, standing text,
  terms bigint NOT NULL DEFAULT 0, blocks bigint NOT NULL DEFAULT 0, missed bigint NOT NULL DEFAULT 0,
  paid numeric NOT NULL DEFAULT 0, slashed numeric NOT NULL DEFAULT 0
);
CREATE TABLE seats (
  term bigint NOT NULL, seat bigint NOT NULL, address text COLLATE "C", start_height bigint,
  blocks bigint NOT NULL DEFAULT 0, missed bigint NOT NULL DEFAULT 0, paid numeric NOT NULL DEFAULT 0,
  PRIMARY KEY (term, seat)
);
CREATE INDEX seats_address ON seats (address, term);
CREATE TABLE terms (
  term bigint PRIMARY KEY, height bigint, time_ms bigint, seats bigint,
  blocks bigint NOT NULL DEFAULT 0, missed bigint NOT NULL DEFAULT 0, paid numeric NOT NULL DEFAULT 0
);
CREATE TABLE agreements (
  id bigint PRIMARY KEY, state bigint, tender bigint, lot bigint, buyer text COLLATE "C", provider text COLLATE "C", offer bigint,
  object text COLLATE "C", size_bytes bigint, token text, period_amount numeric, pledge numeric, periods bigint,
  collateral numeric, height bigint, time_ms bigint, start_ms bigint, closed_height bigint, closed_ms bigint,
  readings bigint NOT NULL DEFAULT 0, paid numeric NOT NULL DEFAULT 0, fee numeric NOT NULL DEFAULT 0,
  held numeric NOT NULL DEFAULT 0, refund numeric, compensation numeric, bounty numeric, forfeit numeric
);
CREATE INDEX agreements_buyer ON agreements (buyer, id);
CREATE INDEX agreements_provider ON agreements (provider, id);
CREATE INDEX agreements_object ON agreements (object, id);
CREATE TABLE objects (
  object text COLLATE "C" PRIMARY KEY, buyer text COLLATE "C", token text, height bigint, position bigint, time_ms bigint
);
CREATE INDEX objects_order ON objects (height, position);
CREATE INDEX objects_buyer ON objects (buyer, height, position);
CREATE TABLE jobs (
  job bigint PRIMARY KEY, contract text COLLATE "C", caller text, method text, state text, locked numeric, fee numeric,
  term bigint, deadline bigint, result_hash text, gas bigint, error text, height bigint, time_ms bigint, end_height bigint
);
CREATE INDEX jobs_contract ON jobs (contract, job);
CREATE TABLE charts (
  period text COLLATE "C" NOT NULL, start_ms bigint NOT NULL,
  blocks bigint NOT NULL DEFAULT 0, transactions bigint NOT NULL DEFAULT 0, failed bigint NOT NULL DEFAULT 0,
  gas numeric NOT NULL DEFAULT 0, fee numeric NOT NULL DEFAULT 0, transfers bigint NOT NULL DEFAULT 0,
  moved numeric NOT NULL DEFAULT 0, active bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (period, start_ms)
);
CREATE TABLE chart_accounts (
  period text COLLATE "C" NOT NULL, start_ms bigint NOT NULL, address text COLLATE "C" NOT NULL,
  PRIMARY KEY (period, start_ms, address)
);
CREATE TABLE chart_supply (
  period text COLLATE "C" NOT NULL, start_ms bigint NOT NULL, pool text COLLATE "C" NOT NULL, amount numeric NOT NULL,
  PRIMARY KEY (period, start_ms, pool)
);
CREATE TABLE names (
  word text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, title text NOT NULL,
  PRIMARY KEY (word, kind, id)
)`

/** Version n is what the first n of them make. */
const MIGRATIONS: readonly string[] = [FIRST]

export const SCHEMA_VERSION = MIGRATIONS.length

/** Brings the tables to this version. Throws INDEX_VERSION if a later version made them. */
export async function migrate(database: Database): Promise<void> {
  await database.apply([{ sql: 'CREATE TABLE IF NOT EXISTS schema_version (version bigint PRIMARY KEY)', values: [] }])
  const [row] = await database.query('SELECT coalesce(max(version), 0)::bigint AS version FROM schema_version')
  const found = Number(row?.version)
  if (found > SCHEMA_VERSION) {
    throw new SmartshareError(
      'INDEX_VERSION',
      `the tables are of version ${found}, this indexer knows ${SCHEMA_VERSION}`,
    )
  }
  for (let version = found; version < SCHEMA_VERSION; version += 1) {
    const parts = MIGRATIONS[version]!.split(';\n').map((sql) => ({ sql, values: [] }))
    await database.apply([...parts, { sql: 'INSERT INTO schema_version (version) VALUES ($1)', values: [version + 1] }])
  }
}

/** Removes every table, so that `migrate` makes them anew. */
export async function dropTables(database: Database): Promise<void> {
  await database.apply([
    { sql: 'DROP SCHEMA IF EXISTS smartshare CASCADE', values: [] },
    { sql: 'CREATE SCHEMA smartshare', values: [] },
  ])
}
