import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { ModelCard as Card, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { bytes, count } from './format.ts';
import { lazy } from './lazy.tsx';
import { ModelDetails } from './model-details.tsx';
import { ProgressLine } from './progress.tsx';
import { useRoomLoading } from './use-room-loading.ts';

const ChangeModel = lazy(async () => (await import('./change-model.tsx')).ChangeModel);

interface Props {
  readonly state: SessionState;
  readonly actions: Actions;
}

/** What the room runs, and for the leader the way to run something else. */
export function ModelCard({ state, actions }: Props): VNode {
  const { model } = state;
  const leads = state.me === state.leader;
  const [choosing, setChoosing] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const change = useRef<HTMLButtonElement>(null);
  const loading = useRoomLoading(state) !== null;
  const open = (opening: Promise<void>): void => {
    setChoosing(false);
    setRefused(null);
    opening.catch((error: unknown) => setRefused(messageOf(error)));
  };
  const cancel = (): void => {
    actions.cancelModel();
    // The button goes with what it stops; the focus must not go with it.
    change.current?.focus();
  };
  return (
    <section class="card model" aria-labelledby="model-title">
      <h2 id="model-title">Model</h2>
      <Body state={state} loading={loading} actions={actions} />
      {refused !== null && model.kind !== 'failed' && (
        <p class="problem" role="alert">
          {refused}
        </p>
      )}
      {leads && (
        <div class="model-buttons">
          {(model.kind === 'opening' || (model.kind === 'ready' && (loading || state.preparing))) && (
            <button type="button" onClick={cancel} data-testid="cancel-model">
              Cancel
            </button>
          )}
          <button type="button" ref={change} onClick={() => setChoosing(true)} data-testid="change-model">
            Change model
          </button>
        </div>
      )}
      {choosing && (
        <ChangeModel
          devices={state.devices}
          actions={actions}
          open={open}
          onClose={() => setChoosing(false)}
        />
      )}
    </section>
  );
}

function Body({ state, loading, actions }: Props & { readonly loading: boolean }): VNode {
  const { model } = state;
  if (model.kind === 'none') return <p class="soft">No model has been chosen yet.</p>;
  if (model.kind === 'opening') {
    return (
      <>
        <p class="model-name">{model.name}</p>
        <ProgressLine progress={model.progress} testId="model-opening" />
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
      <p class="soft">{situation(card, loading)}</p>
      <ModelDetails key={card.name} card={card} leads={state.me === state.leader} setTask={actions.setTask} />
    </>
  );
}

function situation(card: Card, loading: boolean): string {
  if (loading) return 'Its layers are on their way: each device fetches only its part.';
  return card.uncuttable === null
    ? 'Each device holds only its part. Nobody needs all of it.'
    : `It cannot be shared out: ${card.uncuttable} One device runs all of it.`;
}

const TASKS: Readonly<Record<Card['task']['kind'], string>> = {
  'draw-digit': 'reads drawn digits',
  'classify-image': 'image classifier',
  tensors: 'numbers in, numbers out',
};

/** "image classifier · 27 layers · 3.5 MB", broken only between the parts. */
function Facts({ card }: { readonly card: Card }): VNode {
  const parts = [
    card.language ? 'language model' : TASKS[card.task.kind],
    count(card.blocks, 'layer'),
    bytes(card.bytes),
  ];
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
