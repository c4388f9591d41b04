// Prints tokens.json, with other libraries than the package's own code: node:crypto and cborg.
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { encode } from 'cborg'

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest()
const tagged = (tag, ...parts) => sha256(sha256(Buffer.from(`smartshare/${tag}`)), ...parts)
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const named = (name) => sha256(Buffer.from(name))

/** An Ed25519 key of a seed, by node:crypto: PKCS #8 is this prefix and the seed. */
function keyOf(name) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), named(name)])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32)
  return { privateKey, publicKey: Buffer.concat([Buffer.of(1), raw]) }
}

const chainId = named('chain')
const key = keyOf('owner')
const owner = tagged('address/key', key.publicKey)
const [spender, other] = [named('spender'), named('other')]
const token = tagged('address/token', owner, encode(0))
const cases = []

const permitOf = (nonce, expiryMs, amount) => {
  const fields = [token, owner, spender, amount, nonce, expiryMs]
  const hash = tagged('token/permit', encode([chainId, ...fields]))
  const signature = sign(null, hash, key.privateKey)
  cases.push({
    kind: 'permit',
    ...{ chainId: hex(chainId), token: hex(token), owner: hex(owner), spender: hex(spender) },
    ...{ amount: `${amount}`, nonce: `${nonce}`, expiryMs },
    ...{ hash: hex(hash), publicKey: hex(key.publicKey), signature: hex(signature) },
    arguments: hex(encode([...fields, [[key.publicKey, signature]]])),
  })
}
permitOf(0, 1_800_000_000_000, 7)
permitOf(24, 1, 10n ** 18n)
permitOf(2n ** 63n, Number.MAX_SAFE_INTEGER, 0)

const call = (method, fields, module = 'tokens') =>
  cases.push({ kind: 'arguments', module, method, arguments: hex(encode(fields)) })
call('transfer', [spender, token, 5, null])
call('transfer', [spender, 0, 10n ** 18n, Buffer.from('memo')])
call('issue', ['Acme Coin', 'ACME', 2, 1_000_000, 1_000, null, null, null, null, true, false, ['', '', null]])
call('issue', [
  ...['爱分享 积分', 'POINTS', 18, 10n ** 18n, 0, [100, 3_600_000], owner, spender, other, false, true],
  ['Points of Acme', 'https://acme.example/token', named('page')],
])
call('transferMany', [
  token,
  [
    [spender, 1],
    [other, 2],
  ].map(([to, amount]) => [to, amount]),
  null,
])
call('mint', [token, other, 24])
call('burn', [token, 1])
call('freeze', [token, other])
call('unfreeze', [token, other])
call('setRole', [token, 1, other])
call('setRole', [token, 2, null])
call('approve', [token, spender, 0])
call('transferFrom', [token, owner, other, 255])

const room = 2 ** 30
const contact = ['peer', ['/ip4/127.0.0.1/tcp/21000']]
call('post', [1, 'eu', 0, 1_000_000, null, room, ...contact, 10n ** 10n], 'offers')
call('post', [1, '', token, 250, 1_000_000, room, ...contact, 10n ** 10n], 'offers')
call('change', [7, 251, null, room], 'offers')
call('change', [7, 251, 2_000_000, room], 'offers')
const lot = [named('copy').subarray(0, 16), 2 ** 36]
const object = named('object').subarray(0, 16)
call('post', [object, [lot], 0, 1_000_000, 0, 30, [], Buffer.alloc(0)], 'tenders')
call('post', [object, [lot], token, 250, 1_000_000, 3660, [other], Buffer.from('memo')], 'tenders')

const words = (name, valid) => cases.push({ kind: 'name', name, valid })
for (const name of [
  'A',
  'Acme Coin',
  '爱分享 积分',
  'Crédit Énergie',
  'Монета',
  'ポイント',
  '공유 코인',
  'C++ (beta) – 1',
]) {
  words(name, true)
}
for (const name of [' A', 'A ', 'A  B', 'A\tB', 'A\nB', 'A\u00adB', 'A\u0301', 'A\u200bB', 'A\u200dB', 'A\u202eB']) {
  words(name, false)
}
for (const name of [
  'A\u2066B',
  'A\u00a0B',
  'A\u3000B',
  'A\ufeff',
  'A\ufe0f',
  '\u{e0041}',
  '\u05d0',
  '\u0627',
  '\u{1f600}',
]) {
  words(name, false)
}
for (const [symbol, valid] of Object.entries({ AB: true, ACME: true, A1: true, ABCDEFGHIJKL: true, SSP: false })) {
  cases.push({ kind: 'symbol', symbol, valid })
}
for (const symbol of ['A', '1A', 'acme', 'AC-ME', 'AC ME', 'ABCDEFGHIJKLM', 'АCME', '']) {
  cases.push({ kind: 'symbol', symbol, valid: false })
}

console.log(`[\n${cases.map((entry) => `  ${JSON.stringify(entry)}`).join(',\n')}\n]`)
