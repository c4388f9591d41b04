import { type ErrorTable, REPORT, RESTORE } from './error-table.ts'

const DROPPED = 'Nothing needs to be done: the block or message is dropped, and the peer that sent it is cut.'
const LATER = 'Try again in a few seconds.'

/** Nodes: RPC, blocks, state, disk, consensus, the local network. */
export const nodeErrors: ErrorTable = {
  BLOCK_CERTIFICATE: ['A block with a certificate of another block.', DROPPED],
  BLOCK_COUNT: ['A block with a wrong number of transactions.', DROPPED],
  BLOCK_FULL: [
    'A block has no room for a transaction.',
    'Nothing needs to be done: the transaction waits for a later block.',
  ],
  BLOCK_GAS: ['A block whose header states another sum of gas.', DROPPED],
  BLOCK_MODE: [
    'A block in another mode than the state at its named root says.',
    'Nothing needs to be done, unless most others accept it: then this node has computed wrongly, or needs an update.',
  ],
  BLOCK_NEXT_SET: ['A block that names another next delegate set than the one elected.', DROPPED],
  BLOCK_PRICE: ['A block with a wrong base price.', DROPPED],
  BLOCK_PRUNED: [
    'A block that this node no longer keeps, or never had because it began with a snapshot.',
    'Ask a node that keeps everything (`pruning.mode` is archive).',
  ],
  BLOCK_QUARANTINE: ['A block with a quarantine that is not due, or that no quorum signed.', DROPPED],
  BLOCK_ROOT: [
    'A block that names other roots than those computed here.',
    'If most others accept it, this node has computed wrongly: stop it and restore it from a snapshot.',
  ],
  BLOCK_ROOT_OLD: ['A block that names a root from long ago.', DROPPED],
  BLOCK_SIGNATURE: ['A block with a transaction whose signature does not hold.', DROPPED],
  BLOCK_TOO_LARGE: ['A block above its largest size.', DROPPED],
  BLOCK_TRANSACTIONS: ['A block with other transactions than its header names.', DROPPED],
  BLOCK_VERSION: [
    'A block of another version of the protocol than the one in force.',
    'Nothing needs to be done, unless most others accept it: then update the node.',
  ],
  CODEC_DEPTH: ['Bytes that are nested too deep.', 'Encode them with this version of the codec (docs/spec/bytes.md).'],
  CODEC_LENGTH: [
    'Bytes with a text, list or byte string of a wrong length.',
    'Encode them with this version of the codec (docs/spec/bytes.md).',
  ],
  CODEC_NOT_CANONICAL: [
    'Bytes that are not in the one canonical form.',
    'Encode them with this version of the codec (docs/spec/bytes.md).',
  ],
  CODEC_RANGE: [
    'Bytes with a number outside its range.',
    'Encode them with this version of the codec (docs/spec/bytes.md).',
  ],
  CODEC_TRAILING: [
    'Bytes with something after their end.',
    'Encode them with this version of the codec (docs/spec/bytes.md).',
  ],
  CODEC_TRUNCATED: ['Bytes that end too early.', 'Send them whole.'],
  CODEC_TYPE: [
    'Bytes of another kind than belongs there.',
    'Encode them with this version of the codec (docs/spec/bytes.md).',
  ],
  CODEC_UTF8: ['A text that is not UTF-8.', 'Encode the text as UTF-8.'],
  CODEC_VALUE: ['A number that cannot be encoded.', 'Use a number of 0 to 2^64 − 1.'],
  CONSENSUS_BAD_CERTIFICATE: ['A peer sent a certificate that does not hold.', DROPPED],
  CONSENSUS_BAD_MESSAGE: ['A peer sent a message of consensus that cannot be understood.', DROPPED],
  CONSENSUS_BAD_PROPOSAL: ['A peer proposed a block that breaks the rules.', DROPPED],
  CONSENSUS_BAD_VOTE: ['A peer sent a vote that does not hold.', DROPPED],
  CONSENSUS_BUILD: ['The node made another block than consensus ordered.', REPORT],
  CONSENSUS_MESSAGE_TOO_LARGE: ['A message of consensus above its largest size.', DROPPED],
  CONSENSUS_NOT_STARTED: ['Consensus was used before its start.', REPORT],
  CONSENSUS_RECORD_TOO_LARGE: ['A record of consensus above its largest size.', REPORT],
  CONSENSUS_TICKET: ['A record was acknowledged that was never given to the log.', REPORT],
  DEVNET_FOLDER_IN_USE: ['The folder holds other things than a local network.', 'Choose another folder with --dir.'],
  DEVNET_INCOMPLETE: [
    'The folder of the local network lacks a part.',
    'Run `smartshare devnet reset`, which makes a new network.',
  ],
  DEVNET_INTERRUPTED: ['Starting the local network was interrupted.', 'Run `smartshare devnet up` again.'],
  DEVNET_LOCKED: ['Another command is starting or stopping this local network.', 'Wait for it to end, then try again.'],
  DEVNET_MISSING: [
    'There is no local network in the folder.',
    'Run `npm start` or `smartshare devnet up`, or choose another folder with --dir.',
  ],
  DEVNET_OPTION: ['An option of the local network outside its range.', 'See `smartshare devnet up --help`.'],
  DEVNET_OTHER_GENESIS: [
    'The folder belongs to another network.',
    'Choose another folder with --dir, or run `smartshare devnet reset`.',
  ],
  DEVNET_PROCESS_ENDED: [
    'A process of the local network ended while it started.',
    'See its log in the folder of the network.',
  ],
  DEVNET_RECORD: [
    'A file of the local network cannot be understood.',
    'Run `smartshare devnet reset`, which makes a new network.',
  ],
  DEVNET_RUNNING: ['The local network is running.', 'Run `smartshare devnet down` first.'],
  DEVNET_SPAWN: ['A process of the local network cannot be started.', 'Run `npm run setup`, then try again.'],
  DEVNET_STOP: ['A process of the local network does not end.', 'End the process that is named by its number.'],
  DEVNET_TIMEOUT: [
    'The local network did not come up in time.',
    'See the logs in its folder; another program may use up the machine.',
  ],
  DEVNET_VERSION: [
    'The local network was made by another version of Smartshare.',
    'Use that version, or run `smartshare devnet reset`.',
  ],
  EVENT_UNKNOWN: ['A receipt holds an event that no module names.', 'Use a client of the same version as the network.'],
  EXECUTION_KILLED: [
    'A transaction kills the thread that executes it on this machine, while a quorum of delegates executed it. The node stops before it.',
    'Compare versions and builds with others, check the memory of the machine, and start again: it tries anew.',
  ],
  EXECUTION_TAKEN_BACK: [
    'A later block quarantines a transaction that this node executed: its block and those after it are executed again.',
    'Nothing needs to be done: the node starts again by itself.',
  ],
  EXECUTION_WAITS: [
    'A transaction killed the executor twice. Blocks are ordered but not executed until a quorum of delegates attests the same.',
    'Wait. If the others execute it, the node stops with EXECUTION_KILLED.',
  ],
  EXECUTOR_FAILED: [
    'The thread that executes blocks has failed.',
    'Start the node again; if it fails at the same block, report it with the log.',
  ],
  EXECUTOR_STUCK: [
    'The thread that executes blocks is stuck: it ran out of memory in the middle of a commit, or the disk does not answer.',
    'Start the node again: nothing is lost. If it happens again, give the node more memory or look at the disk.',
  ],
  EXECUTOR_ORDER: ['A block was to be executed out of order.', REPORT],
  FOLLOW_DIFFERENCE: [
    'A peer gave a wrong difference of a block while the chain was busy.',
    'Nothing needs to be done: nothing of it was taken over, the peer is punished, and others are asked.',
  ],
  FOLLOW_DIVERGED: [
    'Delegates certified a block that this node followed, and that comes to something else when it is executed here.',
    'Compare versions and builds, and check the memory of this machine. If other nodes halt too, the delegates are wrong: tell everybody.',
  ],
  GENESIS_BOND: [
    'A delegate of the genesis file has no allocation for its bond.',
    'Give it an allocation of at least its bond.',
  ],
  GENESIS_EVIDENCE: [
    'Evidence would be valid for as long as bonds are locked, or longer.',
    'Make evidenceMs smaller than unbondingMs.',
  ],
  GENESIS_KEY: [
    'A proof of possession in the genesis file does not hold.',
    'Make the key and its proof of that delegate anew.',
  ],
  GENESIS_LOAD: ['A round could be both calm and busy.', 'Make calmLoad no larger than busyLoad.'],
  GENESIS_PLACEMENT: ['The genesis file places more than the quarter that is for sale.', 'Lower the placement.'],
  GENESIS_SIZE: ['The genesis file is too large.', 'Check that it is the right file.'],
  GENESIS_SUPPLY: [
    'The genesis file does not allocate the whole supply.',
    'Correct the allocations: they must add up to 10^18 grains.',
  ],
  LIST_INDEX: ['A list has no entry at this place.', REPORT],
  LIST_INVALID: ['A list of wrong leaves, or of too many.', REPORT],
  LOG_BROKEN: ['Writing the log failed before.', 'Start the node again, after the disk is in order.'],
  LOG_BUSY: ['Too much waits for the disk.', 'Nothing needs to be done unless it lasts: then the disk is too slow.'],
  LOG_CLOSED: ['The log is closed.', REPORT],
  LOG_DAMAGED: ['A file of the block log is damaged in the middle.', RESTORE],
  LOG_ORDER: ['A block was to be written out of order.', REPORT],
  LOG_RECORD_SIZE: ['A record is too large for the log.', REPORT],
  MEMPOOL_ACCOUNT_FULL: [
    'Too many transactions of one account wait, or such that one account is to pay for.',
    'Wait for some to become final.',
  ],
  MEMPOOL_FULL: ['Too many transactions wait for a block.', LATER],
  MEMPOOL_LANE_FULL: [
    'Too many transactions of one account and lane wait.',
    'Wait for some to become final, or use another lane.',
  ],
  NETWORK_ATTESTATION: ['A peer passed on a false attestation for a quarantine.', DROPPED],
  NETWORK_COMPACT: ['A peer sent a compact block, or an ask or answer about one, that cannot be right.', DROPPED],
  NETWORK_MESSAGE: ['A peer sent a message out of place.', DROPPED],
  NETWORK_OTHER_CHAIN: ['A peer belongs to another network.', 'Check the addresses of the peers in the configuration.'],
  NETWORK_VERSION: ['A peer speaks another version of the protocol.', 'Update whichever of the two is older.'],
  NODE_ANCESTOR_UNKNOWN: ['A block is missing below another one.', 'Nothing needs to be done: it is fetched.'],
  NODE_BUSY: ['Too many transactions wait to be checked.', LATER],
  NODE_CONFIG: ['The configuration of the node cannot be read.', 'Correct the file at the place that is named.'],
  NODE_HALTED: [
    'The node cannot go on, because its disk is full or damaged or it met a fault, and so it answers nothing.',
    'Ask another node. `/health` says why; after a full disk it goes on by itself once there is room.',
  ],
  NODE_ROOT_UNKNOWN: [
    'A root is named that is not executed here yet.',
    'Nothing needs to be done: the node is catching up.',
  ],
  NODE_STARTING: ['The node is starting.', LATER],
  NODE_STOPPING: ['The node is stopping.', 'Ask another node, or start it again.'],
  NODE_STOP_TIMEOUT: [
    'The node did not stop in time and was ended.',
    'Nothing is lost; it recovers at its next start.',
  ],
  PACK_DAMAGED: ['A message between two threads is damaged.', REPORT],
  PORT_IN_USE: [
    'A port is in use by another program.',
    'Choose other ports with --base-port, or end the other program.',
  ],
  QUERY_CURSOR: [
    'A list was to be continued at a place of another list.',
    'Take `next` of the page before, with the same question.',
  ],
  PROTOCOL_UNKNOWN: [
    'The network runs a newer version of the protocol than this software knows, so the node has stopped before its first block.',
    'Update the node and start it again: it goes on where it stopped, and nothing is lost.',
  ],
  RANGE_INDEX: ['The range has no such height.', 'Ask for a height that has been executed.'],
  RANGE_INVALID: ['A range of blocks that cannot be.', RESTORE],
  RANGE_NODE_MISSING: ['A part of the range of blocks is not stored.', RESTORE],
  RPC_ANSWER: [
    'Something answers that is no node of Smartshare, or of another version.',
    'Check --rpc: it must be the address of a node, like http://127.0.0.1:21000.',
  ],
  RPC_BATCH_TOO_LARGE: ['A batch of too many calls, or of too much work.', 'Send smaller batches.'],
  RPC_BUSY: ['The node works at too many requests, or is stopping.', LATER],
  RPC_INTERNAL: [
    'The node could not answer for a reason of its own.',
    'Ask another node; the log of this one says why.',
  ],
  RPC_LISTEN: ['The node cannot listen at its RPC address.', 'Choose another port, or end the program that uses it.'],
  RPC_METHOD: ['There is no such method.', 'See `rpc.discover` for all methods; subscriptions need /ws.'],
  RPC_NOT_FOUND: [
    'What was asked for does not exist on this node.',
    'Check the id or height; a node may have to catch up first.',
  ],
  RPC_NOT_READY: ['The network has no final block yet that names a state.', LATER],
  RPC_ORIGIN: ['A web page of this origin may not use the node.', 'Add the origin to the configuration of the node.'],
  RPC_PARAMS: ['Parameters that the method does not take.', 'See `rpc.discover` for the parameters of the method.'],
  RPC_PARSE: ['A request that is not JSON, or nested too deep.', 'Send a JSON-RPC 2.0 object.'],
  RPC_REQUEST: ['A request that is not JSON-RPC 2.0.', 'POST {"jsonrpc":"2.0","id":1,"method":"chain_status"} to /.'],
  RPC_RESPONSE_TOO_LARGE: ['The answers to a batch became too large.', 'Ask for less in one batch.'],
  RPC_SLOW_CLIENT: [
    'A client read its news too slowly and was cut.',
    'Connect again, read faster, or subscribe to less.',
  ],
  RPC_TOO_LARGE: ['A request above its largest size.', 'Send less at once.'],
  RPC_TOO_MANY_SUBSCRIPTIONS: ['A client has too many subscriptions.', 'End some of them, or use another connection.'],
  RPC_UNREACHABLE: ['No node answers.', 'Start the network with `npm start`, or check --rpc and --dir.'],
  RPC_URL: [
    'An address that is no address of a node.',
    'Write it like http://127.0.0.1:21000, and ws://127.0.0.1:21000/ws for news.',
  ],
  SNAPSHOT_CHUNK: [
    'A part of a snapshot is damaged or a lie.',
    'Nothing needs to be done: it is fetched from another peer. A file must be copied anew.',
  ],
  SNAPSHOT_MANIFEST: [
    'The manifest of a snapshot cannot be read, or does not fit its chain.',
    'Take a snapshot of another node.',
  ],
  SNAPSHOT_MISSING: [
    'There is no such snapshot, or it lacks a part.',
    'Take another snapshot, or a whole copy of this one.',
  ],
  SNAPSHOT_NOT_EMPTY: [
    'A snapshot was to be restored into a folder that holds a chain already.',
    'Choose another data folder in the settings of the node, or move the old one away.',
  ],
  STATE_CHECKPOINT: ['Checkpoints of the state were opened or closed out of order.', REPORT],
  STATE_DAMAGED: ['The state of the node contradicts itself or its blocks.', RESTORE],
  STATE_DIVERGED: [
    'The node computed another state than the one that a quorum of delegates certified.',
    'Stop it, report it with its log, and let it begin again from a snapshot in a new folder.',
  ],
  STATE_HEIGHT_GONE: ['A proof was asked for a height that is too old.', 'Ask for a proof of the latest state.'],
  STATE_KEY_SIZE: ['A key of the state that is empty or too long.', REPORT],
  STATE_PROOF: ['A proof of the state that is not well-formed.', 'Ask another node for the proof.'],
  STATE_SUPPLY: ['A block would change the supply.', REPORT],
  STATE_TREE_BEHIND: ['The disk is too far behind the blocks computed.', 'Check the disk: it is full or too slow.'],
  STATE_TREE_BROKEN: [
    'A large update of the state tree failed half-way.',
    'Start the node again; it goes on from what is stored.',
  ],
  STATE_TREE_CHANGES: ['Changes of the state that contradict each other.', REPORT],
  STATE_TREE_DEPTH: ['A state tree deeper than it can be.', RESTORE],
  STATE_TREE_HEIGHT: ['The state tree was to be changed out of order.', REPORT],
  STATE_TREE_PAGE: ['A page of the state tree is missing or damaged.', RESTORE],
  STATE_VALUE_SIZE: ['A value of the state that is empty or too long.', REPORT],
  STORE_DAMAGED: ['The folder of the node does not fit together.', RESTORE],
  STORE_FULL: [
    'The disk is full.',
    'Make room on the disk; the node goes on by itself or at its next start, and nothing is lost.',
  ],
  STORE_IO: ['The disk refuses to read or write.', 'Check the disk and the rights on the folder.'],
  STORE_LOCKED: ['Another process is using the folder.', 'End that process, or choose another folder.'],
  STORE_MISSING: ['A file of the node is missing.', RESTORE],
  STORE_OTHER_GENESIS: [
    'The folder belongs to another network.',
    'Choose another folder, or the genesis file of that network.',
  ],
  STORE_VERSION: [
    'The folder was made by another version of the software.',
    'Use that version, or let the node fetch everything again into a new folder.',
  ],
  SYNC_NO_PEERS: [
    'No peer could be reached from which the state can be fetched.',
    'Check the addresses of the peers in the configuration, then start the node again: it goes on where it was.',
  ],
  SYNC_NOT_THERE: ['A block was asked for that the node does not have yet.', LATER],
  SYNC_RANGE: ['A peer sent blocks that do not follow or that nobody certified.', DROPPED],
  SYNC_REQUEST: [
    'A peer asked for something that this version does not know.',
    'Update whichever of the two is older.',
  ],
  SYNC_STOPPED: ['Catching up was stopped.', 'Start the node again: it goes on where it was.'],
  SYNC_TOO_LARGE: [
    'More was asked for than one answer may hold.',
    'Nothing needs to be done: the node executes the blocks.',
  ],
  VOTELOG_DAMAGED: [
    'The record of what this delegate promised is lost or damaged.',
    'Let the node run: it keeps silent until the next term, so that it cannot contradict itself.',
  ],
}
