import type { VNode } from 'preact';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import type { ModelCard } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { bytes, shape } from './format.ts';
import { Pair } from './pair.tsx';
import { TaskForm } from './task-form.tsx';

/** The model as the engineer sees it; the leader can correct what was guessed. */
export function ModelPairs({
  card,
  leads,
  setTask,
}: {
  readonly card: ModelCard;
  readonly leads: boolean;
  readonly setTask: Actions['setTask'];
}): VNode {
  return (
    <>
      <dl class="pairs">
        {card.inputs.map((input) => (
          <Pair key={input.name} name={`In: ${input.name}`} value={typeOf(input)} />
        ))}
        {card.outputs.map((output) => (
          <Pair key={output.name} name={`Out: ${output.name}`} value={typeOf(output)} />
        ))}
        <Pair name="Nodes" value={String(card.nodes)} />
        <Pair name="Layers between usable cuts" value={String(card.blocks)} />
        <Pair name="Weights" value={bytes(card.weightBytes)} />
        <Pair name="From" value={{ bundled: 'this page', file: 'a file', url: 'an address' }[card.source]} />
      </dl>
      {leads && <TaskForm card={card} setTask={setTask} />}
    </>
  );
}

function typeOf(tensor: BoundaryTensor): string {
  return `${tensor.dtype}, ${shape(tensor.dims)}`;
}
