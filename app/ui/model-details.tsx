import type { VNode } from 'preact';
import type { ModelCard } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Details } from './details.tsx';
import { lazy } from './lazy.tsx';

interface Props {
  readonly card: ModelCard;
  readonly leads: boolean;
  readonly setTask: Actions['setTask'];
}

const ModelPairs = lazy<Props>(async () => (await import('./model-pairs.tsx')).ModelPairs);

/** One tap deeper: the model as the engineer sees it. */
export function ModelDetails(props: Props): VNode {
  return (
    <Details title="Details">
      <ModelPairs {...props} />
    </Details>
  );
}
