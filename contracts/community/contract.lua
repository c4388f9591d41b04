-- A community that owns its treasury together: open entry, easy exit, proposals and votes.
-- A share is a vote and a part of the treasury. Who joins pays at least what a share is worth; who leaves takes what it is worth.
-- Between a vote and what it decides there is time to leave: nobody is made to pay for what the others want.

-- What was decided and not carried out for so long is void.
local MOST_AGE_MS = 30 * 24 * 3600 * 1000
local LEAST_VOTING_MS, MOST_VOTING_MS = 3600 * 1000, 90 * 24 * 3600 * 1000

local about = state.value('about')
local total = state.value('total', 0)
local count = state.value('count', 0)
-- { shares, sinceMs (when shares were bought last), lockedMs (the end of the last vote taken part in) }
local members = state.map('members')
local proposals = state.map('proposals')
-- By proposal and member.
local votes = state.map('votes')
local chapters = state.map('chapters')

local Joined = abi.event('Joined(member: address, shares: amount, paid: amount)')
local Left = abi.event('Left(member: address, shares: amount, taken: amount)')
local Donated = abi.event('Donated(by: address, amount: amount)')
local Proposed = abi.event('Proposed(id: integer, by: address, to: address, amount: amount, method: string?, endMs: integer, note: string)')
local Voted = abi.event('Voted(id: integer, member: address, yes: boolean, shares: amount)')
local Executed = abi.event('Executed(id: integer, yes: amount, no: amount)')
local Dropped = abi.event('Dropped(id: integer)')
local Chapter = abi.event('Chapter(chapter: address, name: string)')

local function member()
  local known = members[system.caller()]
  assert(known, 'only members do this')
  return known
end

local function find(id)
  local proposal = proposals[id]
  assert(proposal, 'there is no such proposal')
  return proposal
end

-- What `shares` cost while the treasury holds so much: their price, or what they are worth if that is more. Rounded up, so
-- that nobody gains by joining and leaving.
local function cost(shares, treasury)
  local price = decimal.mulDiv(shares, about:get().price, 1)
  if total:get() == 0 or treasury == 0 then return price end
  return math.max(price, decimal.add(decimal.mulDiv(treasury, shares, total:get()), 1))
end

local function isAccepted(proposal)
  local quorum = decimal.mulDiv(proposal.total, about:get().quorumPercent, 100)
  return proposal.yes > proposal.no and proposal.yes >= quorum
end

local function isVoid(proposal, now)
  if now < proposal.endMs then return false end
  return not isAccepted(proposal) or now >= proposal.endMs + about:get().graceMs + MOST_AGE_MS
end

abi.constructor(
  '(name: string, purpose: string, price: amount, votingMs: integer, graceMs: integer, quorumPercent: integer, parent: address?)',
  function(name, purpose, price, votingMs, graceMs, quorumPercent, parent)
    assert(price > 0, 'a share has a price')
    assert(votingMs >= LEAST_VOTING_MS and votingMs <= MOST_VOTING_MS, 'a vote takes from an hour to 90 days')
    assert(graceMs >= LEAST_VOTING_MS and graceMs <= MOST_VOTING_MS, 'there is from an hour to 90 days to leave')
    assert(quorumPercent >= 1 and quorumPercent <= 100, 'the quorum is 1 to 100 percent')
    about:set {
      name = name,
      purpose = purpose,
      price = price,
      votingMs = votingMs,
      graceMs = graceMs,
      quorumPercent = quorumPercent,
      parent = parent,
    }
  end
)

abi.payable('join(shares: amount)', function(shares)
  local who, now, value = system.caller(), system.time(), system.value()
  assert(shares > 0, 'take a share at least')
  -- The money of this call is in the balance already.
  local paid = cost(shares, contract.balance() - value)
  assert(value >= paid, 'the shares cost more')
  local known = members[who] or { shares = 0, lockedMs = 0 }
  known.shares = decimal.add(known.shares, shares)
  known.sinceMs = now
  members[who] = known
  total:set(decimal.add(total:get(), shares))
  contract.send(who, value - paid)
  Joined(who, shares, paid)
end)

abi.method('leave(shares: amount): amount', function(shares)
  local who, known = system.caller(), member()
  assert(shares > 0 and shares <= known.shares, 'there are not so many shares of yours')
  -- Or the same money could vote again under another name.
  assert(system.time() >= known.lockedMs, 'a vote that you took part in is not over')
  local taken = decimal.mulDiv(contract.balance(), shares, total:get())
  known.shares = known.shares - shares
  members[who] = known.shares > 0 and known or nil
  total:set(total:get() - shares)
  contract.send(who, taken)
  Left(who, shares, taken)
  return taken
end)

abi.payable('donate()', function()
  Donated(system.caller(), system.value())
end)

-- Pays `amount` to an address; if a method is named, calls it there with these arguments and the amount.
abi.method(
  'propose(to: address, amount: amount, method: string?, args: any, note: string): integer',
  function(to, amount, method, args, note)
    member()
    assert(type(args) == 'table' or (args == nil and method == nil), 'arguments are a list')
    local id, now = count:get() + 1, system.time()
    local endMs = now + about:get().votingMs
    count:set(id)
    proposals[id] = {
      to = to,
      amount = amount,
      method = method,
      args = args,
      startMs = now,
      endMs = endMs,
      total = total:get(),
      yes = 0,
      no = 0,
    }
    Proposed(id, system.caller(), to, amount, method, endMs, note)
    return id
  end
)

-- Shares that were bought once the proposal stood do not vote on it: nobody buys a decision.
abi.method('vote(id: integer, yes: boolean)', function(id, yes)
  local who, known, proposal = system.caller(), member(), find(id)
  local key = string.pack('>i8', id) .. who
  assert(system.time() < proposal.endMs, 'the vote is over')
  assert(known.sinceMs < proposal.startMs, 'your shares are younger than the proposal')
  assert(not votes[key], 'you have voted already')
  votes[key] = true
  known.lockedMs = math.max(known.lockedMs, proposal.endMs)
  members[who] = known
  local side = yes and 'yes' or 'no'
  proposal[side] = proposal[side] + known.shares
  proposals[id] = proposal
  Voted(id, who, yes, known.shares)
end)

-- Anybody may call it. The proposal is gone before anything is called; if that fails, all is taken back.
abi.method('execute(id: integer)', function(id)
  local proposal, now = find(id), system.time()
  assert(now >= proposal.endMs + about:get().graceMs, 'there is still time to vote or to leave')
  assert(not isVoid(proposal, now), 'it was not accepted, or is out of date')
  proposals[id] = nil
  if proposal.method then
    contract.call({ to = proposal.to, value = proposal.amount }, proposal.method, table.unpack(proposal.args))
  else
    contract.send(proposal.to, proposal.amount)
  end
  Executed(id, proposal.yes, proposal.no)
end)

abi.method('drop(id: integer)', function(id)
  assert(isVoid(find(id), system.time()), 'the proposal still lives')
  proposals[id] = nil
  Dropped(id)
end)

-- A chapter is a community of its own, published from the same source with this one as its parent. Only by a proposal.
abi.method('acknowledge(chapter: address, name: string)', function(chapter, name)
  assert(system.caller() == system.contract(), 'only a proposal does this')
  chapters[chapter] = name
  Chapter(chapter, name)
end, { reentrant = true })

-- { name, purpose, price, votingMs, graceMs, quorumPercent, parent }
abi.view('about(): any', function() return about:get() end)
abi.view('shares(): amount', function() return total:get() end)
abi.view('cost(shares: amount): amount', function(shares) return cost(shares, contract.balance()) end)
-- { shares, sinceMs, lockedMs }, or nil.
abi.view('member(who: address): any', function(who) return members[who] end)
-- { to, amount, method, args, startMs, endMs, total, yes, no }, or nil.
abi.view('proposal(id: integer): any', function(id) return proposals[id] end)
abi.view('chapter(chapter: address): string?', function(chapter) return chapters[chapter] end)
