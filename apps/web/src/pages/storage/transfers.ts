// Run in the worker: files on their way to the agent. Going to another page of the app does not stop them.
import { type AgentClient, type AgentUpload, randomBytes } from '@smartshare/client'
import { SmartshareError } from '@smartshare/codec'
import { toHex } from '@smartshare/crypto'
import type { PlainError } from '../../worker/protocol.ts'
import { plainError } from '../../worker/serve.ts'
import { agentClient } from './pairing.ts'

/** Files sent at a time; the others wait. */
const MOST_SENT = 2
const UPLOAD_BYTES = 16

/** What a file is stored for. */
export interface Terms {
  readonly copies: number
  readonly periods: number
}

/** A file on its way, as far as app and agent know. */
export interface Transfer {
  readonly upload: string
  readonly name: string
  readonly sizeBytes: number
  readonly copies: number
  readonly state: 'waiting' | 'sending' | 'storing' | 'done' | 'failed' | 'cancelled'
  /** How far it is, 0 … 1: of sending, then of storing. */
  readonly share: number
  /** Copies with a provider's receipt. */
  readonly ready: number
  readonly object: string | null
  readonly error: { readonly code: string; readonly message: string } | null
  /** This tab still has the file and can send it again. */
  readonly canRepeat: boolean
}

interface Sending {
  readonly upload: string
  readonly file: File
  readonly terms: Terms
  state: 'waiting' | 'sending' | 'sent' | 'failed' | 'cancelled'
  sentBytes: number
  error: PlainError | null
  request: XMLHttpRequest | undefined
}

const ours = new Map<string, Sending>()
/** What the agent said last, for when it is away. */
let theirs: readonly AgentUpload[] = []

/** Begins to send files, each once. */
export function send(files: readonly File[], terms: Terms): void {
  for (const file of files) {
    const upload = toHex(randomBytes(UPLOAD_BYTES))
    const state = 'waiting'
    ours.set(upload, { upload, file, terms, state, sentBytes: 0, error: null, request: undefined })
  }
  goOn()
}

/** All files on their way, the latest first; and what the agent does with them as far as it can be asked. */
export async function transfers(): Promise<Transfer[]> {
  const sent = [...ours.values()].filter(({ state }) => state === 'sent')
  try {
    theirs = (await (await agentClient()).ask('uploads', {})).items
    for (const one of sent) if (!theirs.some(({ upload }) => upload === one.upload)) forgotten(one)
  } catch (error) {
    // What is under way at the agent goes on without us; whoever is cut off while sending is told by its request.
    if (ours.size === 0 && theirs.length === 0) throw error
  }
  const told = new Map(theirs.map((one) => [one.upload, one]))
  const own = [...ours.values()].reverse().map((one) => transferOf(one, told.get(one.upload)))
  const others = theirs.filter(({ upload }) => !ours.has(upload)).map((one) => transferOf(undefined, one))
  return [...own, ...others]
}

/** The agent was started anew before the file was stored: it undoes what it had begun. */
function forgotten(one: Sending): void {
  one.state = 'failed'
  one.error = new SmartshareError('AGENT_UPLOAD', 'the agent knows no such upload').toPlain()
}

/** Gives a file up that is on its way, or forgets one that is over. */
export async function cancel(upload: string): Promise<void> {
  const one = ours.get(upload)
  const isKnown = theirs.some((entry) => entry.upload === upload) || one?.state === 'sent' || one?.state === 'sending'
  ours.delete(upload)
  one?.request?.abort()
  if (isKnown) await (await agentClient()).ask('cancel', { upload }).catch(() => undefined)
  goOn()
}

/** Sends a file again that failed: under another name, after what the agent knows of the first was forgotten. */
export async function repeat(upload: string): Promise<void> {
  const one = ours.get(upload)
  if (one === undefined) return
  await cancel(upload)
  send([one.file], one.terms)
}

/** Whether leaving the app would stop files from being sent. */
export function isSending(): boolean {
  return [...ours.values()].some(({ state }) => state === 'waiting' || state === 'sending')
}

function goOn(): void {
  const waiting = [...ours.values()].filter(({ state }) => state === 'waiting')
  const busy = [...ours.values()].filter(({ state }) => state === 'sending').length
  for (const one of waiting.slice(0, Math.max(0, MOST_SENT - busy))) {
    one.state = 'sending'
    void agentClient()
      .then((client) => sendOne(client, one))
      .then(
        () => {
          one.state = 'sent'
        },
        (error: unknown) => {
          one.state = 'failed'
          one.error = plainError(error)
        },
      )
      .then(goOn)
  }
}

/** By XMLHttpRequest, which alone tells how much was sent. Throws the agent's code, AGENT_UNREACHABLE. */
function sendOne(client: AgentClient, one: Sending): Promise<void> {
  const { upload, file, terms } = one
  const { url, method, headers } = client.request('put', { upload }, { name: file.name, type: file.type, ...terms })
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    one.request = request
    request.open(method, url)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded }) => {
      one.sentBytes = loaded
    }
    request.onload = () => {
      try {
        client.read('put', request.status, request.responseText)
        resolve()
      } catch (error) {
        reject(error)
      }
    }
    request.onerror = () => {
      // A refusal in the middle of a large file looks like a broken line: the agent knows which it was.
      client
        .ask('upload', { upload })
        .then(({ state, error }) => {
          if (state === 'storing' || state === 'done') resolve()
          else reject(error === null ? cutOff() : SmartshareError.fromPlain(error))
        })
        .catch((error: unknown) => reject(SmartshareError.is(error, 'AGENT_UPLOAD') ? cutOff() : error))
    }
    request.onabort = () => reject(client.unreachable('given up'))
    request.send(file)
  })
}

/** The agent is there, but the file was not wholly sent: the line broke, or it cannot be read any more. */
function cutOff(): SmartshareError {
  return new SmartshareError('AGENT_CUT', 'the file was not wholly sent')
}

function transferOf(own: Sending | undefined, told: AgentUpload | undefined): Transfer {
  const {
    upload = '',
    name = '',
    sizeBytes = 0,
    copies = 0,
  } = told ?? {
    ...{ upload: own?.upload, name: own?.file.name, sizeBytes: own?.file.size, copies: own?.terms.copies },
  }
  const common = { upload, name, sizeBytes, copies, ready: told?.ready ?? 0, object: told?.object ?? null }
  const canRepeat = own !== undefined
  const share = (done: number, all: number) => (all === 0 ? 0 : Math.min(1, done / all))
  // What the agent has wholly is its business, whatever became of our request.
  if (told !== undefined && told.state !== 'receiving') {
    const isDone = told.state === 'done'
    const storedShare = isDone ? 1 : share(told.storedBytes, told.totalBytes)
    return { ...common, state: told.state, share: storedShare, error: told.error ?? own?.error ?? null, canRepeat }
  }
  if (own?.state === 'failed') return { ...common, state: 'failed', share: 0, error: own.error, canRepeat }
  if (own?.state === 'waiting') return { ...common, state: 'waiting', share: 0, error: null, canRepeat }
  const sentBytes = Math.max(own?.sentBytes ?? 0, told?.receivedBytes ?? 0)
  return { ...common, state: 'sending', share: share(sentBytes, sizeBytes), error: null, canRepeat }
}
