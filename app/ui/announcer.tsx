import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import type { Progress, SessionState } from '../../core/session/state.ts';
import { milestone } from './room-loading.ts';
import { useRoomLoading } from './use-room-loading.ts';

/**
 * Tells screen readers how far model and layers are, at milestones only: a region that spoke every byte would
 * drown everything else.
 */
export function Announcer({ state }: { readonly state: SessionState }): VNode {
  const loading = useRoomLoading(state);
  const said = useRef('');
  said.current = words(state, loading, said.current);
  return (
    <p class="unseen" role="status" data-testid="announcer">
      {said.current}
    </p>
  );
}

/** What was said stays until there is something else to say, for silence in between would have it said again. */
function words({ model, preparing, plan }: SessionState, loading: Progress | null, said: string): string {
  if (model.kind === 'opening') return `Opening ${model.name}.`;
  if (preparing) return `${preparing.step}.`;
  if (loading) return milestone(loading);
  return said !== '' && plan?.status === 'running' ? 'The room is ready.' : said;
}
