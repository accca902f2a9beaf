import { expect, test } from 'vitest';
import type { PeerId } from '../../core/ids.ts';
import { initialState } from '../../core/session/reduce.ts';
import type { ModelCard, SessionState } from '../../core/session/state.ts';
import { wordingOf } from './wording.ts';

const withCard = (card: Partial<ModelCard>): SessionState => ({
  ...initialState('a'.repeat(16) as PeerId),
  model: { kind: 'ready', card: card as ModelCard },
});

test('of a model that writes, plans are about words', () => {
  const said = wordingOf(withCard({ language: { files: [], contextTokens: 8, stopTokens: [] } }));
  expect(said('Predicted 4.1 ms an answer, not measured yet. 505 answers a second at most.')).toBe(
    'Predicted 4.1 ms a word. 505 words a second at most.',
  );
  expect(said('An answer would take longer, one answer soonest.')).toBe(
    'A word would take longer, one word soonest.',
  );
});

test('of every other model they stay about answers', () => {
  expect(wordingOf(withCard({}))('an answer')).toBe('an answer');
});
