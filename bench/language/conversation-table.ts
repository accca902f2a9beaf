import { aligned } from '../../e2e/lab/report.ts';
import type { Spread } from '../statistics.ts';
import type { ConversationRates } from './conversations.ts';

/** As a person reads it in a terminal. */
export function conversationTable(rates: readonly ConversationRates[]): string {
  const rows = rates.map(({ context, conversations, one, two, overOne, overAsMany, least, rival }) => [
    String(context),
    String(conversations),
    rival ? span(rival, 1) : '',
    span(one, 1),
    span(two, 1),
    span(overAsMany, 2),
    span(overOne, 2),
    least === undefined ? '' : `>= ${least}`,
    least === undefined ? '' : overOne.median >= least ? 'good' : 'poor',
  ]);
  const head = [
    'context',
    'conversations',
    'transformers.js',
    'one stage',
    'two stages',
    'two / one',
    'two / one that writes one text',
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
