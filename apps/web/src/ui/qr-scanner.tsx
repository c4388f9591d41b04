import { decodeQR } from 'qr/decode.js'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Note } from './state-panel.tsx'

const LOOK_MS = 200
/** Larger pictures are made smaller first. */
const MOST_PX = 1600

/** The text of a QR code in a picture, or undefined where there is none. */
function read(source: CanvasImageSource, width: number, height: number): string | undefined {
  const scale = Math.min(1, MOST_PX / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(width * scale))
  canvas.height = Math.max(1, Math.round(height * scale))
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return undefined
  context.drawImage(source, 0, 0, canvas.width, canvas.height)
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height))
  } catch {
    // No code in this picture, or one that cannot be read.
    return undefined
  }
}

/** Reads a QR code with the camera, or from a picture; nothing of either leaves the browser. Loaded when it is opened. */
export default function QrScanner({ onFound }: { readonly onFound: (text: string) => void }) {
  const { t } = useTranslation()
  const video = useRef<HTMLVideoElement>(null)
  const [problem, setProblem] = useState<'camera' | 'picture' | undefined>(undefined)
  const found = useRef(onFound)
  found.current = onFound
  useEffect(() => {
    let stream: MediaStream | undefined
    let isOver = false
    const look = () => {
      const element = video.current
      if (element === null || element.videoWidth === 0) return
      const text = read(element, element.videoWidth, element.videoHeight)
      if (text !== undefined) found.current(text)
    }
    const timer = setInterval(look, LOOK_MS)
    const start = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
        if (isOver || video.current === null) return stop()
        video.current.srcObject = stream
        await video.current.play()
      } catch {
        if (!isOver) setProblem('camera')
      }
    }
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop()
    }
    void start()
    return () => {
      isOver = true
      clearInterval(timer)
      stop()
    }
  }, [])
  const readFile = async (file: File | undefined) => {
    if (file === undefined) return
    try {
      const picture = await createImageBitmap(file)
      const text = read(picture, picture.width, picture.height)
      if (text === undefined) setProblem('picture')
      else onFound(text)
    } catch {
      setProblem('picture')
    }
  }
  return (
    <div className="flex flex-col gap-4">
      <video
        ref={video}
        muted
        playsInline
        aria-label={t('scan.camera')}
        className="aspect-square w-full rounded-md bg-sunken object-cover"
      />
      {problem === undefined ? null : (
        <Note look="warn" icon="warning">
          <span role="alert">{t(`scan.problem.${problem}`)}</span>
        </Note>
      )}
      <label className="flex flex-col gap-1.5 text-sm font-medium">
        {t('scan.picture')}
        <input
          type="file"
          accept="image/*"
          onChange={({ target }) => void readFile(target.files?.[0])}
          className="rounded-md border border-line-strong bg-surface p-2 text-sm file:mr-3 file:rounded-sm file:border-0 file:bg-sunken file:px-3 file:py-1.5 file:text-ink"
        />
      </label>
    </div>
  )
}
