import type { FunctionComponent, VNode } from 'preact';
import type { PlanView, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Details } from './details.tsx';
import { lazy } from './lazy.tsx';
import { rulesSet } from './rule-words.ts';

export interface PanelProps {
  readonly state: SessionState;
  readonly plan: PlanView;
  readonly actions: Pick<Actions, 'setMode' | 'setRules'>;
}

const WhyPlan = lazy<PanelProps>(async () => (await import('./why-plan.tsx')).WhyPlan);
const TradeChart = lazy<PanelProps>(async () => (await import('./trade-chart.tsx')).TradeChart);
const Rules = lazy<PanelProps>(async () => (await import('./rules.tsx')).Rules);

/** What there is to know and to set about the plan, each one tap deeper; its code comes with the tap. */
export function PlanPanels(props: PanelProps): VNode {
  const { front = [] } = props.plan;
  const set = rulesSet(props.state.rules);
  return (
    <div class="panels">
      <Panel title="Why this plan?" testId="why-plan" view={WhyPlan} props={props} />
      {front.length > 1 && (
        <Panel title="Faster, or more at once?" testId="trades" view={TradeChart} props={props} />
      )}
      <Panel title={set > 0 ? `Rules (${set})` : 'Rules'} testId="rules" view={Rules} props={props} />
    </div>
  );
}

function Panel({
  title,
  testId,
  view: View,
  props,
}: {
  readonly title: string;
  readonly testId: string;
  readonly view: FunctionComponent<PanelProps>;
  readonly props: PanelProps;
}): VNode {
  return (
    <Details title={title} testId={testId}>
      <View {...props} />
    </Details>
  );
}
