import { aligned } from '../../e2e/lab/report.ts';
import { spreadWords } from '../statistics.ts';
import type { ConversationRates } from './conversations.ts';

/** As a person reads it in a terminal. */
export function conversationTable(rates: readonly ConversationRates[]): string {
  const rows = rates.map(({ context, conversations, one, two, overOne, overAsMany, least, rival }) => [
    String(context),
    String(conversations),
    rival ? spreadWords(rival, 1) : '',
    spreadWords(one, 1),
    spreadWords(two, 1),
    spreadWords(overAsMany, 2),
    spreadWords(overOne, 2),
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
