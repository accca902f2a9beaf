import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { AskProps } from './ask-card.tsx';
import { ms } from './format.ts';

/** Enough to see the room settle, few enough to wait for. */
const COUNT = 30;

/** Asks the last question many times over, several on their way at once, to see the whole room at work. */
export function Repeat({ state, actions, ready }: AskProps): VNode {
  const [busy, setBusy] = useState(false);
  const [words, setWords] = useState('');
  // One for each stage to work on, and one on the wire.
  const inFlight = (state.plan?.stages.length ?? 1) + 1;
  const run = async (): Promise<void> => {
    setBusy(true);
    setWords(`Asking, ${inFlight} on their way at once…`);
    try {
      const { perSecond, medianMs } = await actions.repeat(COUNT, inFlight);
      setWords(`${perSecond.toFixed(1)} answers a second, median ${ms(medianMs)}`);
    } catch (error) {
      setWords(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="repeat">
      <button type="button" disabled={!ready || busy} onClick={() => void run()} data-testid="repeat">
        Ask {COUNT} in a row
      </button>
      <span class="soft" role="status">
        {words}
      </span>
    </div>
  );
}
