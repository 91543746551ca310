/// <reference lib="dom" />
// The figures on top: what the page's subscribers have noticed since it was opened. It counts nothing itself.
import { grouped } from '../../count'
import { byId, setText } from './element'
import { shownMs } from './episode'
import type { Pulse } from './pulse'

export function drawFigures(pulse: Pulse): void {
  const percentiles = pulse.percentiles()
  const { received, lost, doubled, outOfOrder, broken } = pulse.tally
  const { open, all } = pulse.subscribers
  const show = (id: string, text: string, isBad = false) => {
    setText(byId(id), text)
    byId(id).classList.toggle('bad', isBad)
  }
  show('p50', percentiles === null ? '-' : shownMs(percentiles.p50))
  show('p99', percentiles === null ? '-' : shownMs(percentiles.p99))
  show('received', grouped(received))
  show('lost', grouped(lost), lost > 0)
  show('doubled', grouped(doubled), doubled > 0)
  show('out-of-order', grouped(outOfOrder), outOfOrder > 0)
  show('broken', grouped(broken), broken > 0)
  show('subscribers', `${open} of ${all}`, open < all)
}
