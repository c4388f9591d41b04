import { rpcUrl, type Seat, seatsOf, statusUrl, webUrl, wsUrl } from './layout.ts'
import { type DelegateView, type ProviderView, probeDelegate, probeIndexer, probeProvider } from './probe.ts'
import { isRunning } from './process-mark.ts'
import { type DevnetRecord, readDevnet } from './records.ts'

/** A delegate's process; `pid` is null while it is down, height and state root while it does not answer. */
export interface DelegateStatus {
  readonly name: string
  readonly pid: number | null
  readonly rpc: string
  readonly height: number | null
  readonly stateRoot: string | null
}

/** A provider's process; `pid` is null while it is down, the rest while it does not answer. */
export interface ProviderStatus {
  readonly name: string
  readonly pid: number | null
  readonly status: string
  readonly storedBytes: number | null
  readonly offer: string | null
}

/** The indexer's process; the rest is null while it does not answer. */
interface IndexerStatus {
  readonly name: string
  readonly pid: number | null
  readonly url: string
  readonly height: number | null
  readonly lag: number | null
}

export interface DevnetStatus {
  readonly dir: string
  readonly chainId: string
  /** Latest executed and latest final block that any delegate knows; null if none answers. */
  readonly height: number | null
  readonly final: number | null
  readonly txPerSecond: number | null
  /** Links of the best connected delegate to other nodes. */
  readonly peers: number | null
  readonly storedBytes: number
  readonly delegates: readonly DelegateStatus[]
  readonly providers: readonly ProviderStatus[]
  /** None if the network was started without. */
  readonly indexers: readonly IndexerStatus[]
  /** Names of the processes that do not run. */
  readonly down: readonly string[]
  readonly urls: {
    readonly rpc: string
    readonly ws: string
    readonly metrics: string
    readonly index: string | null
    readonly web: string | null
    /** What the web app stores files with, for the owner's wallet; null without providers. */
    readonly agent: string | null
    readonly s3: string | null
  }
}

/** How the network in `dir` is. Throws DEVNET_MISSING, DEVNET_VERSION, DEVNET_RECORD. */
export async function devnetStatus(dir: string): Promise<DevnetStatus> {
  const record = readDevnet(dir)
  const seats = seatsOf(dir, record.options)
  const delegateSeats = seats.filter(({ kind }) => kind === 'delegate')
  const providerSeats = seats.filter(({ kind }) => kind === 'provider')
  const indexerSeats = seats.filter(({ kind }) => kind === 'indexer')
  const pidOf = pids(record)
  const webSeat = seats.find(({ kind }) => kind === 'web')
  // A stranger on one of our ports is none of ours, whatever it says.
  const ours = async <View extends { readonly chainId: string }>(
    seat: Seat,
    probe: (seat: Seat) => Promise<View | undefined>,
  ) => {
    const view = pidOf(seat) === null ? undefined : await probe(seat)
    return view?.chainId === record.chainId ? view : undefined
  }
  const [delegateViews, providerViews, indexerViews] = await Promise.all([
    Promise.all(delegateSeats.map((seat) => ours(seat, probeDelegate))),
    Promise.all(providerSeats.map((seat) => ours(seat, probeProvider))),
    Promise.all(indexerSeats.map((seat) => ours(seat, probeIndexer))),
  ])
  const views = delegateViews.filter((view) => view !== undefined)
  const most = (read: (view: DelegateView) => number) => (views.length === 0 ? null : Math.max(...views.map(read)))
  const entrance = delegateSeats.find((_, index) => delegateViews[index] !== undefined) ?? (delegateSeats[0] as Seat)
  return {
    dir,
    chainId: record.chainId,
    height: most((view) => view.height),
    final: most((view) => view.final),
    txPerSecond: most((view) => view.txPerSecond),
    peers: most((view) => view.peers),
    storedBytes: providerViews.reduce((sum, view) => sum + (view?.storedBytes ?? 0), 0),
    delegates: delegateSeats.map((seat, index) => ({
      name: seat.name,
      pid: pidOf(seat),
      rpc: rpcUrl(seat),
      height: delegateViews[index]?.height ?? null,
      stateRoot: delegateViews[index]?.stateRoot ?? null,
    })),
    providers: providerSeats.map((seat, index) => providerStatus(seat, pidOf(seat), providerViews[index])),
    indexers: indexerSeats.map((seat, index) => {
      const { height = null, lag = null } = indexerViews[index] ?? {}
      return { name: seat.name, pid: pidOf(seat), url: statusUrl(seat), height, lag }
    }),
    down: seats.filter((seat) => pidOf(seat) === null).map(({ name }) => name),
    urls: {
      rpc: rpcUrl(entrance),
      ws: wsUrl(entrance),
      metrics: `${statusUrl(entrance)}/metrics`,
      index: indexerSeats.map(statusUrl)[0] ?? null,
      web: webSeat === undefined || pidOf(webSeat) === null ? null : webUrl(webSeat),
      agent: seats.filter(({ kind }) => kind === 'agent').map(statusUrl)[0] ?? null,
      s3: null,
    },
  }
}

function providerStatus(seat: Seat, pid: number | null, view: ProviderView | undefined): ProviderStatus {
  const { name } = seat
  return { name, pid, status: statusUrl(seat), storedBytes: view?.storedBytes ?? null, offer: view?.offer ?? null }
}

/** The pid of a seat's process while it runs. */
function pids({ processes }: DevnetRecord): (seat: Seat) => number | null {
  const running = new Map(processes.filter(isRunning).map(({ name, pid }) => [name, pid]))
  return ({ name }) => running.get(name) ?? null
}
