import type { VNode } from 'preact';
import type { SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { DrawDigit } from './draw-digit.tsx';
import { lazy } from './lazy.tsx';
import { whyNotYet } from './select.ts';

const AskTensors = lazy(async () => (await import('./ask-tensors.tsx')).AskTensors);
const ChatCard = lazy(async () => (await import('./chat-card.tsx')).ChatCard);
const ClassifyImage = lazy(async () => (await import('./classify-image.tsx')).ClassifyImage);

export interface AskProps {
  readonly state: SessionState;
  readonly actions: Actions;
  /** False while the room cannot answer; what is asked then waits. */
  readonly ready: boolean;
}

/** Asks the room in the way that fits the model. */
export function AskCard({
  state,
  actions,
}: {
  readonly state: SessionState;
  readonly actions: Actions;
}): VNode {
  const wait = whyNotYet(state);
  const props: AskProps = { state, actions, ready: wait === null };
  const card = state.model.kind === 'ready' ? state.model.card : null;
  const task = card?.task.kind ?? null;
  return (
    <section class="card ask-card" aria-labelledby="ask-title">
      <div class="card-head">
        <h2 id="ask-title">{card?.language ? 'Write with the room' : 'Ask the room'}</h2>
        <span class="ask-wait" role="status">
          {wait}
        </span>
      </div>
      {task === 'draw-digit' && <DrawDigit key={card?.name} {...props} />}
      {task === 'classify-image' && <ClassifyImage key={card?.name} {...props} />}
      {task === 'tensors' &&
        (card?.language ? (
          <ChatCard key={`${card.name}/${card.bytes}`} {...props} />
        ) : (
          <AskTensors key={card?.name} {...props} />
        ))}
      {task === null && <div class="ask-empty soft">Here you ask, as soon as a model is open.</div>}
    </section>
  );
}
