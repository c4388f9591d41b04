/*
 * Agreement of the consensus of docs/spec/chain.md: three honest delegates and one traitor, so that three make a quorum. The
 * traitor signs every statement there is and leads the slots whose bits are set in TRAITOR. Written down is only who signed
 * what. An honest delegate may at any time act, or not act, on any certificate that the signatures make; one that lags, loses
 * messages, crashes or comes to a slot again can do no more than that. Results: docs/spec/model.md; `npm run model:spin`.
 *
 * MANY_NOTARS, GAPS_NOT_SKIPPED, FINAL_AFTER_SKIP and SKIP_AFTER_FINAL each switch one rule off.
 */
#ifndef SLOTS
#define SLOTS 3
#endif
#ifndef TRAITOR
#define TRAITOR 1
#endif

#define MOST_SLOTS 4
#define HONEST 3
/* Of three signatures for a certificate the traitor gives one. */
#define NEEDED 2
/* A traitor proposes two blocks in its slot; more would only repeat them. */
#define VARIANTS 2
#define BLOCKS (SLOTS * VARIANTS)
#define NONE 0
#define GENESIS 1
#define NAME(block) (2 + (block))
#define SLOT(block) ((block) / VARIANTS)
#define LED_BY_TRAITOR(slot) ((TRAITOR >> (slot)) & 1)

/* Parent of each block: NONE if it is not proposed, GENESIS, or the NAME of a block. */
byte parent[BLOCKS];
/* Bits of the variants that a delegate signed Notar for, and Final for, by slot. */
byte notar[HONEST * SLOTS];
byte final[HONEST * SLOTS];
bool skips[HONEST * SLOTS];

/* What follows from the above: kept so that guards are short. */
bool notarized[BLOCKS];
bool finalized[BLOCKS];
bool skipped[MOST_SLOTS];
bool ready[BLOCKS];

hidden byte b, c, i, count, at;

#ifdef GAPS_NOT_SKIPPED
#define GAPS_SKIPPED(from, to) true
#else
#define GAP_SKIPPED(from, to, at) (!((from) <= at && at < (to)) || skipped[at])
#define GAPS_SKIPPED(from, to) \
  (GAP_SKIPPED(from, to, 0) && GAP_SKIPPED(from, to, 1) && GAP_SKIPPED(from, to, 2) && GAP_SKIPPED(from, to, 3))
#endif

inline certificates() {
  b = 0;
  do
  :: b < BLOCKS ->
    count = 0; at = 0; i = 0;
    do
    :: i < HONEST ->
      count = count + ((notar[i * SLOTS + SLOT(b)] >> (b % VARIANTS)) & 1);
      at = at + ((final[i * SLOTS + SLOT(b)] >> (b % VARIANTS)) & 1);
      i++
    :: else -> break
    od;
    /* In an honest leader's slot there is one block, and signing Notar for it hinders nothing: all sign as soon as they may. */
    notarized[b] = (count >= NEEDED) || (!LED_BY_TRAITOR(SLOT(b)) && parent[b] != NONE);
    finalized[b] = (at >= NEEDED);
    b++
  :: else -> break
  od;
  c = 0;
  do
  :: c < SLOTS ->
    count = 0; i = 0;
    do
    :: i < HONEST -> count = count + skips[i * SLOTS + c]; i++
    :: else -> break
    od;
    skipped[c] = (count >= NEEDED);
    c++
  :: else -> break
  od;
  b = 0;
  do
  :: b < BLOCKS ->
    if
    :: parent[b] == NONE -> ready[b] = false
    :: parent[b] == GENESIS -> ready[b] = GAPS_SKIPPED(0, SLOT(b))
    :: parent[b] >= 2 -> c = parent[b] - 2; ready[b] = notarized[c] && GAPS_SKIPPED(SLOT(c) + 1, SLOT(b))
    fi;
    b++
  :: else -> break
  od
}

/* Two Notar certificates of one slot, or two final blocks of which neither stands on the other, are what must not be. */
inline agreement() {
  b = 0;
  do
  :: b < BLOCKS ->
    c = 0;
    do
    :: c < b ->
      assert(!(SLOT(b) == SLOT(c) && notarized[b] && notarized[c]));
      if
      :: finalized[b] && finalized[c] ->
        at = parent[b];
        do
        :: at >= 2 && at - 2 > c -> at = parent[at - 2]
        :: else -> break
        od;
        assert(at == NAME(c))
      :: else
      fi;
      c++
    :: else -> break
    od;
    b++
  :: else -> break
  od;
  b = 0; c = 0; i = 0; count = 0; at = 0
}

#define THEN certificates(); agreement()

#ifdef MANY_NOTARS
#define MAY_NOTAR(i, s, v) (((notar[(i) * SLOTS + (s)] >> (v)) & 1) == 0)
#else
#define MAY_NOTAR(i, s, v) (notar[(i) * SLOTS + (s)] == 0)
#endif
#ifdef FINAL_AFTER_SKIP
#define MAY_FINAL(i, s) (final[(i) * SLOTS + (s)] == 0)
#else
#define MAY_FINAL(i, s) (final[(i) * SLOTS + (s)] == 0 && !skips[(i) * SLOTS + (s)])
#endif
#ifdef SKIP_AFTER_FINAL
#define MAY_SKIP(i, s) (!skips[(i) * SLOTS + (s)])
#else
#define MAY_SKIP(i, s) (!skips[(i) * SLOTS + (s)] && final[(i) * SLOTS + (s)] == 0)
#endif

#define BLOCK(s, v) ((s) * VARIANTS + (v))

#define SIGN_NOTAR(i, s, v) \
  :: d_step { LED_BY_TRAITOR(s) && ready[BLOCK(s, v)] && MAY_NOTAR(i, s, v) -> \
       notar[(i) * SLOTS + (s)] = notar[(i) * SLOTS + (s)] | (1 << (v)); THEN }
#define SIGN_FINAL(i, s, v) \
  :: d_step { notarized[BLOCK(s, v)] && MAY_FINAL(i, s) -> final[(i) * SLOTS + (s)] = (1 << (v)); THEN }
#define SIGN_SKIP(i, s) :: d_step { MAY_SKIP(i, s) -> skips[(i) * SLOTS + (s)] = true; THEN }
#define SIGN(i, s) SIGN_NOTAR(i, s, 0) SIGN_NOTAR(i, s, 1) SIGN_FINAL(i, s, 0) SIGN_FINAL(i, s, 1) SIGN_SKIP(i, s)
#define ALL_SIGN(s) SIGN(0, s) SIGN(1, s) SIGN(2, s)

/* A traitor proposes on any block there is; an honest leader once, on a parent that voters will take. */
#define PROPOSE(s, v, name, exists, fits) \
  :: d_step { parent[BLOCK(s, v)] == NONE && (LED_BY_TRAITOR(s) -> (exists) : (v == 0 && (fits))) -> \
       parent[BLOCK(s, v)] = name; THEN }
#define ON_BLOCK(s, v, p) \
  PROPOSE(s, v, NAME(p), parent[p] != NONE, notarized[p] && GAPS_SKIPPED(SLOT(p) + 1, s))
#define ON_GENESIS(s, v) PROPOSE(s, v, GENESIS, true, GAPS_SKIPPED(0, s))
#define ON_SLOT(s, v, p) ON_BLOCK(s, v, BLOCK(p, 0)) ON_BLOCK(s, v, BLOCK(p, 1))

active proctype delegates() {
  d_step { THEN }
  do
  ALL_SIGN(0) ON_GENESIS(0, 0) ON_GENESIS(0, 1)
#if SLOTS > 1
  ALL_SIGN(1) ON_GENESIS(1, 0) ON_GENESIS(1, 1) ON_SLOT(1, 0, 0) ON_SLOT(1, 1, 0)
#endif
#if SLOTS > 2
  ALL_SIGN(2) ON_GENESIS(2, 0) ON_GENESIS(2, 1)
  ON_SLOT(2, 0, 0) ON_SLOT(2, 1, 0) ON_SLOT(2, 0, 1) ON_SLOT(2, 1, 1)
#endif
#if SLOTS > 3
  ALL_SIGN(3) ON_GENESIS(3, 0) ON_GENESIS(3, 1)
  ON_SLOT(3, 0, 0) ON_SLOT(3, 1, 0) ON_SLOT(3, 0, 1) ON_SLOT(3, 1, 1) ON_SLOT(3, 0, 2) ON_SLOT(3, 1, 2)
#endif
  :: else -> break
  od
}
