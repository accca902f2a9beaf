import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { Outputs, PathLine } from './answer.tsx';
import type { AskProps } from './ask-card.tsx';
import { shape } from './format.ts';
import { Repeat } from './repeat.tsx';
import { useAsk } from './use-ask.ts';

/** A model of whose meaning nothing is known: feed it random numbers and see what comes out. */
export function AskTensors({ state, actions, ready }: AskProps): VNode {
  const [seed, setSeed] = useState('1');
  const asking = useAsk();
  const inputs = state.model.kind === 'ready' ? state.model.card.inputs : [];
  const value = Number(seed);
  const valid = seed.trim() !== '' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
  return (
    <>
      <p class="soft">This model takes numbers:</p>
      <ul class="inputs">
        {inputs.map((input) => (
          <li key={input.name}>
            <b>{input.name}</b>{' '}
            <span class="soft">
              {shape(input.dims)} {input.dtype}
            </span>
          </li>
        ))}
      </ul>
      <form
        class="ask-line"
        onSubmit={(event) => {
          event.preventDefault();
          if (valid && ready)
            asking.ask(() => actions.askTensors({}, value, `random numbers, seed ${value}`));
        }}
      >
        <label class="seed">
          <span>Seed</span>
          <input
            inputMode="numeric"
            value={seed}
            aria-invalid={!valid}
            onInput={(event) => setSeed(event.currentTarget.value)}
            data-testid="seed"
          />
        </label>
        <button
          type="submit"
          class="main"
          disabled={!ready || !valid || asking.busy}
          data-testid="ask-random"
        >
          Run with random numbers
        </button>
      </form>
      <div class="result" data-testid="answer" aria-live="polite" data-busy={asking.busy}>
        {asking.answer && <Outputs outputs={asking.answer.outputs} />}
        {asking.problem && <p class="problem">{asking.problem}</p>}
      </div>
      {asking.answer ? <PathLine answer={asking.answer} state={state} /> : <p class="path" />}
      <Repeat state={state} actions={actions} ready={ready && asking.answer !== null} />
    </>
  );
}
