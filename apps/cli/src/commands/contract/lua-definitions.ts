/**
 * What contracts find beside Lua's own libraries, for the Lua language server (https://luals.github.io/wiki/annotations). A test
 * compares it with what is really there.
 */
export const HOST_DEFINITIONS = `---@meta
-- What contracts on Smartshare can reach. Made by \`smartshare contract new\`; it is not published.
-- Of Lua 5.4 there are base, string, table, math, utf8 and coroutine, without load, print, collectgarbage,
-- math.random and string.dump.

---@alias address string 32 bytes; address.parse reads "ssp1..."
---@alias amount integer in the smallest unit, not negative; 1 SSP = 100000000 grains
---@alias token address|0|nil an IOT_Coin by its address; nil or 0 is SSP

---@class MethodOptions
---@field reentrant? boolean may be called while another call of this contract is under way

---@class HeavyOptions
---@field gas integer what the job may use, far beyond a block
---@field deposit? amount most grains that the bytes it newly stores may lock; 0 if not said
---@field guard? string a view with the same parameters, whose error refuses the call

---What the contract offers. Called while the source loads; types: integer, number, boolean, string, bytes, address,
---amount, any; with ? for "or nil" and [] for lists.
---@class abi
abi = {}

---A method that changes state: abi.method('transfer(to: address, value: amount)', function(to, value) ... end)
---@param signature string name(parameter: type, ...): type
---@param f function
---@param options? MethodOptions
function abi.method(signature, f, options) end

---A method that computes for long beside the chain and may take SSP; it sees only the state of its contract.
---@param signature string
---@param f function
---@param options HeavyOptions
function abi.heavy(signature, f, options) end

---A method that also takes money: system.value() says how much came.
---@param signature string
---@param f function
---@param options? MethodOptions
function abi.payable(signature, f, options) end

---A method that only reads: asking it costs nothing.
---@param signature string
---@param f function
---@param options? MethodOptions
function abi.view(signature, f, options) end

---Runs once, when the contract is published: abi.constructor('(owner: address)', function(owner) ... end)
---@param signature string (parameter: type, ...)
---@param f function
---@param options? MethodOptions
function abi.constructor(signature, f, options) end

---An event that receipts keep: local Paid = abi.event('Paid(by: address, amount: amount)'); Paid(who, 5)
---@param signature string Name(field: type, ...)
---@return fun(...: any) say
function abi.event(signature) end

---What the contract stores. Each stored byte locks a deposit of whoever stores it, and frees it when it goes.
---@class state
state = {}

---@class StateValue
local StateValue = {}
---@return any
function StateValue:get() end
---@param value any nil takes it away
function StateValue:set(value) end

---@class StateMap: { [string|integer]: any }

---@class StateList: { [integer]: any }
local StateList = {}
---@param item any
function StateList:push(item) end
---@return any item the last one, which is taken away; nil if there is none
function StateList:pop() end

---One value. Names have up to 32 letters, digits and _.
---@param name string
---@param default? any what get() gives while nothing is stored
---@return StateValue
function state.value(name, default) end

---Values by keys: m[key], m[key] = value, m[key] = nil. Keys are integers or strings of up to 128 bytes; pairs(m) walks in
---their order.
---@param name string
---@return StateMap
function state.map(name) end

---A list from 1 to #l, with l[i], l[i] = item, l:push(item) and l:pop().
---@param name string
---@return StateList
function state.list(name) end

---Walks a part of a map in the order of keys: for key, value in state.range(m, 10, 20) do ... end
---@param m StateMap
---@param from? string|integer first key
---@param to? string|integer the walk ends before it
---@param reverse? boolean
---@return fun(): string|integer|nil, any
function state.range(m, from, to, reverse) end

---Facts of the call and of its block.
---@class system
system = {}

---The account that signed the transaction. To check a right, ask system.caller().
---@return address
function system.sender() end
---Who calls: the account, or the contract that calls this one.
---@return address
function system.caller() end
---The address of this contract.
---@return address
function system.contract() end
---Grains, or tokens, that came with the call.
---@param token? token
---@return amount
function system.value(token) end
---@return integer
function system.height() end
---Time of the block in ms since 1970, UTC.
---@return integer
function system.time() end
---32 bytes fixed by the block. Its leader knew them before: draw from a block later than the bets.
---@return string
function system.seed() end
---@return string 32 bytes that name the network
function system.chain() end

---@class CallTarget
---@field to address
---@field value? amount money that goes along
---@field token? token
---@field gas? integer most gas that the call may use
---@field view? boolean

---Other contracts, and money.
---@class contract
contract = {}

---Calls a method of another contract and gives what it returns.
---@param to address|CallTarget
---@param method string
---@param ... any
---@return any
function contract.call(to, method, ...) end
---Asks a view of another contract.
---@param to address
---@param method string
---@param ... any
---@return any
function contract.view(to, method, ...) end
---Pays from the money of this contract.
---@param to address
---@param amount amount
---@param token? token
function contract.send(to, amount, token) end
---What an address holds; this contract if none is said.
---@param who? address
---@param token? token
---@return amount
function contract.balance(who, token) end
---Like pcall, and an error also takes back state, money and events of what happened inside.
---@param f function
---@param ... any
---@return boolean ok
---@return any
function contract.pcall(f, ...) end

---@class crypto
crypto = {}
---@param data string
---@return string 32 bytes
function crypto.sha256(data) end
---@param key string public key, Ed25519 or P-256, as accounts have it
---@param message string
---@param signature string
---@return boolean
function crypto.verify(key, message, signature) end

---@class addresses
address = {}
---@param text string ssp1...
---@return address
function address.parse(text) end
---@param address address
---@return string
function address.format(address) end

---@class json
json = {}
---@param value any
---@return string
function json.encode(value) end
---Numbers without fraction and exponent become integers.
---@param text string
---@return any
function json.decode(text) end

---The encoding in which values are stored.
---@class cbor
cbor = {}
---@param value any
---@return string
function cbor.encode(value) end
---@param bytes string
---@return any
function cbor.decode(bytes) end

---Exact arithmetic of amounts: an error instead of an overflow or a negative result.
---@class decimal
decimal = {}
---@param a amount
---@param b amount
---@return amount
function decimal.add(a, b) end
---@param a amount
---@param b amount
---@return amount
function decimal.sub(a, b) end
---a * b / divisor, rounded down, without overflow in between.
---@param a amount
---@param b amount
---@param divisor amount
---@return amount
function decimal.mulDiv(a, b, divisor) end
---decimal.parse('12.5', 8) is 1250000000.
---@param text string
---@param decimals integer
---@return amount
function decimal.parse(text, decimals) end
---decimal.format(1250000000, 8) is '12.5'.
---@param value amount
---@param decimals integer
---@return string
function decimal.format(value, decimals) end
`
