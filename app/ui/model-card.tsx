import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { ModelCard as Card, ModelState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { ChangeModel } from './change-model.tsx';
import { bytes, count } from './format.ts';
import { ModelDetails } from './model-details.tsx';
import { ProgressLine } from './progress.tsx';

interface Props {
  readonly model: ModelState;
  readonly leads: boolean;
  readonly actions: Actions;
}

/** What the room runs, and for the leader the way to run something else. */
export function ModelCard({ model, leads, actions }: Props): VNode {
  const [choosing, setChoosing] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const open = (opening: Promise<void>): void => {
    setChoosing(false);
    setRefused(null);
    opening.catch((error: unknown) => setRefused(messageOf(error)));
  };
  return (
    <section class="card model" aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      <Body model={model} leads={leads} actions={actions} />
      {refused !== null && model.kind !== 'failed' && (
        <p class="problem" role="alert">
          {refused}
        </p>
      )}
      {leads && (
        <button type="button" class="wide" onClick={() => setChoosing(true)} data-testid="change-model">
          Change model
        </button>
      )}
      {choosing && <ChangeModel actions={actions} open={open} onClose={() => setChoosing(false)} />}
    </section>
  );
}

function Body({ model, leads, actions }: Props): VNode {
  if (model.kind === 'none') return <p class="soft">No model has been chosen yet.</p>;
  if (model.kind === 'opening') {
    return (
      <>
        <p class="model-name">{model.name}</p>
        <ProgressLine progress={model.progress} />
      </>
    );
  }
  if (model.kind === 'failed') {
    return (
      <div class="problem" role="alert">
        <p class="model-name">{model.name}</p>
        <p>
          <b>Could not {lowerFirst(model.step)}.</b> {model.message}
        </p>
      </div>
    );
  }
  const { card } = model;
  return (
    <>
      <p class="model-name" data-testid="model-name">
        {card.name}
      </p>
      <Facts card={card} />
      {card.about && <p class="about">{card.about}</p>}
      <p class="soft">
        {card.uncuttable === null
          ? 'Each device holds only its part. Nobody needs all of it.'
          : `It cannot be shared out: ${card.uncuttable} One device runs all of it.`}
      </p>
      <ModelDetails key={card.name} card={card} leads={leads} setTask={actions.setTask} />
    </>
  );
}

const TASKS: Readonly<Record<Card['task']['kind'], string>> = {
  'draw-digit': 'reads drawn digits',
  'classify-image': 'image classifier',
  tensors: 'numbers in, numbers out',
};

/** "image classifier · 27 layers · 3.5 MB", broken only between the parts. */
function Facts({ card }: { readonly card: Card }): VNode {
  const parts = [TASKS[card.task.kind], count(card.blocks, 'layer'), bytes(card.bytes)];
  return (
    <p class="soft parts">
      {parts.map((part, i) => (
        <span key={part}>{i === parts.length - 1 ? part : `${part} · `}</span>
      ))}
    </p>
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
