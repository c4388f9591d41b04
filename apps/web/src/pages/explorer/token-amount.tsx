import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { shortAddress } from '../../ui/address.tsx'
import { Amount } from '../../ui/amount.tsx'
import { foreignName } from '../../ui/format.ts'
import { tokenQuery } from './queries.ts'

/** An amount of SSP or of any token, with the token's own decimals and symbol once they are known. */
export function TokenAmount({
  token,
  units,
  isSigned = false,
}: {
  readonly token: string
  readonly units: bigint
  readonly isSigned?: boolean
}) {
  const isSsp = token === 'SSP'
  const { data } = useQuery({ ...tokenQuery(token), enabled: !isSsp })
  if (isSsp) return <Amount units={units} size="sm" isSigned={isSigned} />
  const symbol = data === undefined ? shortAddress(token) : foreignName(data.symbol).text
  return (
    <Link to={`/explorer/token/${token}`} title={token} className="rounded-sm hover:underline">
      <Amount units={units} decimals={data?.decimals ?? 0} symbol={symbol} size="sm" isSigned={isSigned} />
    </Link>
  )
}
