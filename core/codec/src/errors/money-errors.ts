import { type ErrorTable, REPORT } from './error-table.ts'

/** Accounts, transactions, balances, votes, proofs: what whoever pays or votes meets. */
export const moneyErrors: ErrorTable = {
  ACCOUNT_POLICY: [
    'The keys of a policy are not ascending and distinct, or it is registered already.',
    'Sort the keys, name each once, and take a threshold of at most their number.',
  ],
  ACCOUNT_RESERVE: [
    'More is to be withdrawn than the fee reserve holds.',
    'Withdraw at most what the account shows as reserve.',
  ],
  ACCOUNT_WITHDRAWAL: [
    'A withdrawal of the reserve is under way, or none may be claimed yet.',
    'Wait for the height that the account shows, then claim.',
  ],
  ADDRESS_INVALID: ['Bytes that are no address.', 'Give an address of 32 bytes.'],
  ADDRESS_TEXT_INVALID: ['A text that is no address.', 'Copy the whole address: 62 characters that begin with ssp1.'],
  AMOUNT_DECIMALS: ['A number of decimal places that no token has.', 'Take 0 to 18 decimal places.'],
  AMOUNT_RANGE: [
    'An amount, or the result of a calculation, is below 0 or above what there can be.',
    'Use a smaller amount.',
  ],
  AMOUNT_TEXT: ['A text that is no amount.', 'Write it like 12 or 12.5, with at most 8 digits after the dot for SSP.'],
  BLS_SECRET_INVALID: ['Bytes that are no BLS secret.', 'Make the delegate key anew.'],
  BLS_SEED_SHORT: ['A seed that is too short to make a key of.', 'Give at least 32 random bytes.'],
  BLS_SIGNATURE_INVALID: ['Bytes that are no BLS signature.', 'Ask the sender for the signature again.'],
  CALL_FUNDS: ['Funds were sent along with a call of a system module.', 'Give the amount as an argument of the call.'],
  CALL_UNKNOWN: [
    'A call of a method that this network does not have.',
    'Check the names, and that client and node are of the same version.',
  ],
  CLIENT_BUSY: ['Too many transactions of this program are under way.', 'Wait for some of them to become final.'],
  CLIENT_CLOSED: ['The client was closed while it was asked.', 'Make a new client.'],
  CLIENT_OTHER_NETWORK: [
    'The node belongs to another network than the one that is meant.',
    'Check --rpc and --dir, or the chain id in network.json.',
  ],
  DELEGATE_BANNED: [
    'The delegate was convicted of contradicting itself; its key never serves again.',
    'Register a new key with another account.',
  ],
  DELEGATE_BALLOT: ['A ballot names a delegate twice or out of order.', 'Name each delegate once; at most 10.'],
  DELEGATE_BOND: [
    'The bond is below the least one, or the delegate has retired already.',
    'Raise the bond to at least the least bond of the network.',
  ],
  DELEGATE_COMMISSION: [
    'A commission would rise by more than five points, or again before its waiting time (28 days) is over.',
    'Raise it by at most 5 points and wait before the next raise; lowering is always possible.',
  ],
  DELEGATE_EXISTS: ['The account is a delegate already.', 'Use another account for another delegate.'],
  DELEGATE_JAILED: [
    'The delegate is not in jail, or may not leave it yet.',
    'Wait until the time that `smartshare delegates --json` shows, then release it.',
  ],
  DELEGATE_KEY: [
    'The delegate key is in use, was used before, or its proof of possession does not hold.',
    'Make a new delegate key; every key serves once.',
  ],
  DELEGATE_NAME: [
    'The name is taken or has a form that names do not have.',
    'Choose 1 to 32 lower-case letters, digits and inner hyphens.',
  ],
  DELEGATE_REWARDS: [
    'The sender’s votes earned nothing since they were last collected.',
    'Wait for the end of the term; see `smartshare delegates rewards`.',
  ],
  DELEGATE_STAKE: ['More is to be unstaked than is staked.', 'Unstake at most what `smartshare vote` shows as stake.'],
  DELEGATE_UNBONDING: [
    'Nothing is free yet, or too many withdrawals are under way.',
    'Wait until the time that `smartshare vesting list` shows, then claim.',
  ],
  DELEGATE_UNKNOWN: ['There is no such delegate.', 'See `smartshare delegates` for names and addresses.'],
  EVIDENCE_FORK: [
    'The evidence is of another network, or of another fork of this one.',
    'Report it on the network whose chain id it names.',
  ],
  EVIDENCE_OLD: [
    'The time in which evidence of that term convicts is over.',
    'Report evidence as soon as it is found.',
  ],
  EVIDENCE_PAIR: [
    'The two statements or certificates do not convict anybody: an honest delegate may sign both.',
    'Report two values of one kind, or Final and Skip, of one slot, signed by one key or by two quorums.',
  ],
  EVIDENCE_REPEATED: ['Everybody whom the evidence convicts is convicted already.', 'There is nothing left to do.'],
  EVIDENCE_SEATS: [
    'The evidence names seats that the set of its term does not have, or too few for a certificate.',
    'Check that it was not changed on its way.',
  ],
  EVIDENCE_SIGNATURE: [
    'A signature of the evidence does not hold on this network.',
    'Check that it was not changed on its way and is of this network.',
  ],
  EVIDENCE_TERM: [
    'The term of the evidence has not begun on the chain.',
    'Report it again when the chain has come to that term.',
  ],
  GAS_EXHAUSTED: [
    'The transaction needs more gas than its limit, or than any transaction may use.',
    'Let the limit be estimated, or split the work over several transactions.',
  ],
  GUARDIAN_NONE: ['The account has no guardians.', 'Its owner names some with `smartshare guardians set`.'],
  GUARDIAN_RULE: [
    'A rule for guardians that nobody could fulfil, or that fewer than half of them could.',
    'Name 1 to 10 other accounts, each once, and let more than half of them be needed.',
  ],
  GUARDIAN_STRANGER: [
    'The sender is no guardian of the account.',
    'See `smartshare guardians ADDRESS` for who is; send from one of those accounts.',
  ],
  GUARDIAN_WAIT: [
    'Too few guardians named the same keys, or the owner may still say no.',
    'See `smartshare guardians ADDRESS` for what is missing, and until when to wait.',
  ],
  HEX_INVALID: ['A text that is not lower-case hexadecimal.', 'Copy the whole id or hash again.'],
  KEYFILE_INVALID: [
    'The file is no key file, or it is damaged.',
    'Take another copy of the file, or restore the wallet from its words.',
  ],
  KEYFILE_PASSWORD: [
    'The password does not open the key file, or the file was changed.',
    'Type the password again, or restore the wallet from its words.',
  ],
  KEY_INVALID: ['Bytes that are no public key.', 'Give a public key of Ed25519 (33 bytes) or P-256 (34 bytes).'],
  KEY_SEED_INVALID: ['Bytes that no key can be made of.', 'Give 32 random bytes.'],
  LIGHT_CHECKPOINT: [
    'The two checkpoints do not agree, or are of another network.',
    'Take two of the same term from sources that do not know of each other; if they differ again, one of them lies.',
  ],
  LIGHT_FORK: [
    'Two different blocks of one height carry certificates: a third of the delegates broke the rules.',
    'Believe neither and stop; keep both proofs, they convict those who signed.',
  ],
  LIGHT_FUTURE: [
    'The header of the proof is ahead of the clock of this machine.',
    'Set the clock of this machine, then try again.',
  ],
  LIGHT_LIMIT: ['More hand-overs at once than a light client follows.', 'Begin with a checkpoint of a later term.'],
  LIGHT_STALE: [
    'The node shows an older state of the chain than was asked for or is known to be final.',
    'Ask another node; this one is behind or hides what came since.',
  ],
  LIGHT_STATE: [
    'What the light client keeps cannot be read.',
    'Remove the file and begin again from genesis or from two checkpoints.',
  ],
  LIGHT_TRUST_EXPIRED: [
    'The delegates that the light client knows served so long ago that lies would cost them nothing.',
    'Give `smartshare proof` two checkpoints, of sources that do not know of each other.',
  ],
  POLICY_INVALID: [
    'Keys and threshold that are no policy.',
    'Sort the keys, name each once, and take a threshold of 1 to their number.',
  ],
  PROOF_CERTIFICATE: [
    'The certificate of a proof is not a Final one of its header.',
    'Do not believe the balance; ask another node for a proof.',
  ],
  PROOF_EXECUTED: [
    'The chain did not execute what the proof says at that height.',
    'Do not believe it; ask another node for a proof.',
  ],
  PROOF_FILE: [
    'The file is no proof, or a part of it cannot be decoded.',
    'Ask for the proof again with `smartshare proof balance`.',
  ],
  PROOF_FORM: ['A part of the proof cannot be decoded, or is too large.', 'Ask another node for the proof.'],
  PROOF_HEADER: [
    'A node gave the header of another block than the one that was asked for.',
    'Ask another node; this one lies or is broken.',
  ],
  PROOF_HEIGHT: [
    'The proof is for another height than it says.',
    'Do not believe the balance; ask another node for a proof.',
  ],
  PROOF_INCLUSION: [
    'The node cannot show that the transaction stands in a final block.',
    'Do not believe it; ask another node.',
  ],
  PROOF_OTHER_CHAIN: [
    'The proof belongs to another network.',
    'Check the chain id, and for which network the proof was made.',
  ],
  PROOF_QUORUM: [
    'Too few delegates stand behind the header of the proof.',
    'Do not believe the balance; ask another node for a proof.',
  ],
  PROOF_RECEIPT: [
    'The block has no such receipt at the place that the proof names.',
    'Do not believe it; ask another node for a proof.',
  ],
  PROOF_SET: [
    'The proof names a delegate set that the chain did not elect.',
    'Do not believe the balance; ask another node for a proof.',
  ],
  PROOF_SIGNATURE: [
    'The signatures of the delegates under the proof do not hold.',
    'Do not believe the balance; ask another node for a proof.',
  ],
  PROOF_STATE: [
    'The certified state does not hold what the proof says.',
    'Do not believe the balance; ask another node for a proof.',
  ],
  PROOF_TERM: [
    'The proof does not lead from the first delegate set to the one that signed it.',
    'Ask for a whole proof with `smartshare proof balance`.',
  ],
  ROUNDS_CHAIN: [
    'A header does not follow the one before it, or not from genesis.',
    'Ask another node: this one does not tell one chain.',
  ],
  ROUNDS_LEADER: [
    'A block was made by a delegate whose turn it was not.',
    'Do not trust the node that told it: a quorum would never have made it final.',
  ],
  ROUNDS_REVEAL: [
    'A leader’s part of the randomness, or what it comes to, is not right.',
    'Do not trust the node that told it: a quorum would never have made it final.',
  ],
  SIGN_MESSAGE_LENGTH: ['Something else than a hash of 32 bytes was to be signed.', REPORT],
  TOKENS_ALLOWANCE: [
    'The owner of the tokens does not allow this spender so much.',
    'Ask the owner to approve more, or move less.',
  ],
  TOKENS_AMBIGUOUS: [
    'Several tokens have this symbol: anybody may issue one.',
    'Name the token by its address; `smartshare token list --symbol SYMBOL` shows them.',
  ],
  TOKENS_AMOUNT: ['An amount of nothing.', 'Give an amount above 0.'],
  TOKENS_BALANCE: [
    'The balance does not cover the amount.',
    'Send less, or top the account up. `smartshare balance` shows what is there.',
  ],
  TOKENS_BURN: ['The token was issued without burning.', 'Keep or send it; the rule cannot be changed.'],
  TOKENS_CAP: [
    'More would be minted than the cap of the token leaves.',
    'Mint at most what `smartshare token show` says is left.',
  ],
  TOKENS_DEVICES: [
    'The token may be minted to devices only, and this network does not know devices yet.',
    'Pay rewards from the initial supply, or issue a token without this rule.',
  ],
  TOKENS_FROZEN: [
    'The freezer of the token has frozen the balance: nothing leaves it.',
    'Ask the issuer of the token; other tokens and SSP are not touched.',
  ],
  TOKENS_PERMIT: [
    'The permit has expired, was used, or is not signed by those who act for its owner on this network.',
    'Ask the owner for a new permit with the nonce that the token shows for it.',
  ],
  TOKENS_POOL: [
    'A pool of the system cannot be frozen: agreements of others are paid out of it.',
    'Freeze addresses of people, devices or contracts.',
  ],
  TOKENS_RESERVE: [
    'The balance would fall below what is reserved for fees.',
    'Leave the fee reserve in the account, or let the transaction empty it (the client does so by itself).',
  ],
  TOKENS_ROLE: [
    'The account does not have the role that may do this, or nobody has it for ever.',
    'Sign with the account that `smartshare token show` names for the role.',
  ],
  TOKENS_SCHEDULE: [
    'More would be minted than the schedule of the token allows by now.',
    'Wait for the next period, or mint at most what `smartshare token show` says.',
  ],
  TOKENS_SENDER: ['A call tried to take money from somebody else than its sender.', REPORT],
  TOKENS_SYMBOL: [
    'A symbol has a form that symbols do not have, or is that of SSP.',
    'Choose 2 to 12 upper-case letters and digits, a letter first.',
  ],
  TOKENS_TERMS: [
    'The rules of a token contradict each other.',
    'Give a cap of at most 10^18 smallest units, an initial supply within it, and a minter if more shall be minted.',
  ],
  TOKENS_TEXT: [
    'A name or description has characters that are invisible, control something or run from right to left.',
    'Use visible letters, digits and signs, with single spaces between words.',
  ],
  TOKENS_UNKNOWN: [
    'There is no such token on this network.',
    'See `smartshare token list`, or leave the token out to use SSP.',
  ],
  TX_DISPLACED: [
    'Another transaction of the account was executed in its place.',
    'Send it again: it was not and cannot be executed.',
  ],
  TX_EXPIRED: [
    'The height up to which the transaction was valid has passed.',
    'Send it again: it was not and cannot be executed.',
  ],
  TX_EXPIRY: ['The transaction would stay valid for longer than the network allows.', 'Choose a nearer expiry.'],
  TX_FAILED: ['The transaction was executed and failed.', 'See `smartshare tx ID` for its receipt.'],
  TX_FORM: ['The transaction is not well-formed.', 'Make it with this version of the client.'],
  TX_GAS: [
    'The gas limit is below what the bytes alone cost, or above what a transaction may use.',
    'Let the gas limit be estimated.',
  ],
  TX_KNOWN: ['The node has this transaction already.', 'Nothing needs to be done: it waits for a block.'],
  TX_NONCE_GAP: ['The nonce is too far ahead of the account.', 'Send the transactions before it first.'],
  TX_NONCE_TAKEN: [
    'Another transaction of the account with this nonce waits already.',
    'Wait for it to become final, then send again; or offer at least a tenth more, price and tip, to replace it.',
  ],
  TX_NONCE_USED: ['The account has used this nonce already.', 'Ask for the account again and take its next nonce.'],
  TX_NOT_PACKED: [
    'No block took the transaction before it expired.',
    'Send it again: it was not and cannot be executed. A higher tip gets it packed sooner.',
  ],
  TX_OTHER_CHAIN: ['The transaction was signed for another network.', 'Check --rpc and --dir, then send it again.'],
  TX_PRICE: [
    'The gas price has risen above what the transaction offers.',
    'Send it again with a higher price, or wait until the network is calmer.',
  ],
  TX_REMADE: [
    'Other programs used every nonce first.',
    'Let one program at a time use the account, or give each a lane of its own.',
  ],
  TX_QUARANTINED: [
    'The calls of the transaction killed the machine of a quorum of delegates. It fails, and all its gas is charged.',
    'Do not call this again, and report the contract: the fault is in the software of the nodes.',
  ],
  TX_RESERVE_BUSY: [
    'The fees of transactions under way use up the fee reserve, or one of them may empty the account.',
    'Wait a few blocks, or deposit a larger fee reserve.',
  ],
  TX_SIGNATURE: ['A signature of the transaction does not hold.', 'Sign it again with the key of the account.'],
  TX_TOO_LARGE: ['The transaction is larger than any may be.', 'Split it over several transactions.'],
  TX_UNAUTHORISED: ['These keys may not act for the account.', 'Sign with the keys of its policy: see the account.'],
  TX_UNCERTAIN: [
    'No node answered any more, so nobody knows whether the transaction was admitted.',
    'Look with `smartshare tx ID`. Send nothing again before the height at which it expires.',
  ],
  TX_UNPAYABLE: [
    'The account that pays cannot pay the highest fee.',
    'Top the account up, or let another one pay the fee.',
  ],
  VESTING_GRANTER: ['Only the foundation grants from its pool.', 'Sign with the key of the foundation.'],
  VESTING_LOCKED: ['Nothing of this lock is free yet.', 'Wait until the time that `smartshare vesting list` shows.'],
  VESTING_UNKNOWN: ['The account has no such lock.', 'See `smartshare vesting list`.'],
  WALLET_ACCOUNT: ['The wallet has no such account.', 'Wallets of a bare seed have account 0 only.'],
  WALLET_SECRET: ['Bytes that are no secret of a wallet.', 'Restore the wallet from its words.'],
  WALLET_WORDS: [
    'The words are not those of a wallet.',
    'Check the spelling and the order of all 12 to 24 English words.',
  ],
}
