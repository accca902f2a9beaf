import { aligned } from '../../e2e/lab/report.ts';
import type { Spread } from '../statistics.ts';
import type { ConversationRates } from './conversations.ts';

/** As a person reads it in a terminal. */
export function conversationTable(rates: readonly ConversationRates[]): string {
  const alone = new Map(
    rates.map(({ context, conversations, one }) => [`${context}/${conversations}`, one.median]),
  );
  const rows = rates.map(({ context, conversations, one, two, ratio, least }) => [
    String(context),
    String(conversations),
    span(one, 1),
    span(two, 1),
    span(ratio, 2),
    (two.median / (alone.get(`${context}/1`) ?? Number.NaN)).toFixed(2),
    least === undefined ? '' : `>= ${least}`,
    least === undefined ? '' : ratio.median >= least ? 'good' : 'poor',
  ]);
  const head = [
    'context',
    'conversations',
    'one stage',
    'two stages',
    'two / one',
    'two / one conversation on one',
    'limit',
    '',
  ];
  return [
    'Tokens per second of all conversations together, 135M parameters in float32, one thread a stage: median (p10 to p90)',
    aligned([head, ...rows]),
  ].join('\n');
}

function span({ median, p10, p90 }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${p10.toFixed(digits)} to ${p90.toFixed(digits)})`;
}
