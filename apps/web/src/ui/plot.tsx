import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '../app/theme.ts'
import { IconButton } from './button.tsx'
import { momentText, tickText } from './format.ts'

const HEIGHT_PX = 220
const COLORS = ['--color-plot-1', '--color-plot-2', '--color-plot-3']
const FADE = '22'

export interface Series {
  readonly label: string
  /** For drawing alone: figures that must be right to the unit stand in text. */
  readonly values: readonly (number | null)[]
}

/** Courses over time, as lines; the same as a table for those who cannot see lines. */
export function Plot({
  label,
  timesMs,
  series,
  format = String,
  isStepped = false,
}: {
  readonly label: string
  readonly timesMs: readonly number[]
  readonly series: readonly Series[]
  readonly format?: (value: number) => string
  /** What stays as it is until it changes, such as a balance. */
  readonly isStepped?: boolean
}) {
  const { t, i18n } = useTranslation()
  const theme = useTheme()
  const [isTable, setTable] = useState(false)
  const place = useRef<HTMLDivElement>(null)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours follow the theme
  useEffect(() => {
    const element = place.current
    if (element === null || isTable) return undefined
    const colors = colorsOf(element)
    const axis = {
      stroke: colors.muted,
      grid: { stroke: colors.line, width: 1 },
      ticks: { show: false },
      font: `12px ${colors.font}`,
    }
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { y: false, points: { size: 8 } },
        padding: [12, 8, 0, 0],
        axes: [
          {
            ...axis,
            space: 96,
            size: 28,
            values: (_, splits) => splits.map((seconds) => tickText(seconds * 1000, i18n.language, stepOf(splits))),
          },
          {
            ...axis,
            size: 64,
            values: (_, values) => values.map((value) => (value === null ? '' : format(value))),
          },
        ],
        series: [
          {},
          ...series.map((one, index) => ({
            label: one.label,
            stroke: colors.lines[index % colors.lines.length] as string,
            ...(series.length === 1 ? { fill: `${colors.lines[0]}${FADE}` } : {}),
            width: 2,
            points: { show: timesMs.length < 3 },
            ...(isStepped ? { paths: uPlot.paths.stepped?.({ align: 1 }) as uPlot.Series.PathBuilder } : {}),
          })),
        ],
      },
      [timesMs.map((ms) => ms / 1000), ...series.map(({ values }) => [...values])] as uPlot.AlignedData,
      element,
    )
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.destroy()
    }
  }, [timesMs, series, isTable, isStepped, format, theme, i18n.language])

  return (
    <figure className="flex flex-col gap-2">
      <figcaption className="flex items-center justify-between gap-4">
        <span className="text-sm font-medium">{label}</span>
        <IconButton
          icon={isTable ? 'chart' : 'table'}
          label={t(isTable ? 'plot.chart' : 'plot.table')}
          onClick={() => setTable(!isTable)}
        />
      </figcaption>
      {isTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable with the keyboard
        <section aria-label={label} tabIndex={0} className="overflow-auto" style={{ height: HEIGHT_PX }}>
          <table className="w-full text-sm">
            <thead className="text-muted">
              <tr>
                <th scope="col" className="py-1 text-left font-medium">
                  {t('plot.time')}
                </th>
                {series.map((one) => (
                  <th key={one.label} scope="col" className="py-1 text-right font-medium">
                    {one.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody className="figures">
              {timesMs.map((ms, row) => (
                <tr key={ms}>
                  <td className="py-1">{momentText(ms, i18n.language)}</td>
                  {series.map(({ label: name, values }) => (
                    <td key={name} className="py-1 text-right">
                      {values[row] == null ? '' : format(values[row])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        <div ref={place} role="img" aria-label={label} style={{ height: HEIGHT_PX }} />
      )}
    </figure>
  )
}

/** Milliseconds between two marks of an axis. */
function stepOf([first = 0, second = 0]: readonly number[]): number {
  return (second - first) * 1000
}

function colorsOf(element: HTMLElement) {
  // A canvas does not know light-dark(): what the browser made of it is read from an element.
  const probe = document.createElement('span')
  element.append(probe)
  const read = (name: string) => {
    probe.style.color = `var(${name})`
    return hexOf(getComputedStyle(probe).color)
  }
  const colors = { muted: read('--color-muted'), line: read('--color-line'), lines: COLORS.map(read) }
  const font = getComputedStyle(element).fontFamily
  probe.remove()
  return { ...colors, font }
}

function hexOf(color: string): string {
  const parts = color.match(/\d+/g) ?? []
  return `#${parts
    .slice(0, 3)
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')}`
}
