import { lexer, type Token, type Tokens } from 'marked';
import type { ComponentChildren, VNode } from 'preact';

/**
 * What a model wrote, with the marks it uses for headings, lists and code. Made of elements, never of HTML: a model may
 * write anything, and tags in its text stay text.
 */
export function Markdown({ text }: { readonly text: string }): VNode {
  return <div class="markdown">{blocks(lexer(text))}</div>;
}

function blocks(tokens: readonly Token[]): ComponentChildren {
  return tokens.map((token, at) => <Block key={at} token={token as Tokens.Generic} />);
}

function Block({ token }: { readonly token: Tokens.Generic }): VNode | null {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'hr':
      return <hr />;
    case 'heading':
      return <p class="heading">{inline(token.tokens)}</p>;
    case 'code':
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case 'blockquote':
      return <blockquote>{blocks(token.tokens ?? [])}</blockquote>;
    case 'list':
      return <List list={token as Tokens.List} />;
    case 'table':
      return <Table table={token as Tokens.Table} />;
    case 'paragraph':
    case 'text':
      return <p>{token.tokens ? inline(token.tokens) : token.text}</p>;
    default:
      return <p>{token.raw}</p>;
  }
}

function List({ list }: { readonly list: Tokens.List }): VNode {
  const items = list.items.map((item, at) => (
    <li key={at}>
      {item.tokens.map((token, i) =>
        token.type === 'text' ? (
          <span key={i}>{inline((token as Tokens.Text).tokens ?? [token])}</span>
        ) : (
          <Block key={i} token={token as Tokens.Generic} />
        ),
      )}
    </li>
  ));
  return list.ordered ? <ol start={list.start === '' ? 1 : list.start}>{items}</ol> : <ul>{items}</ul>;
}

function Table({ table }: { readonly table: Tokens.Table }): VNode {
  const row = (cells: readonly Tokens.TableCell[], Cell: 'th' | 'td'): VNode[] =>
    cells.map((cell, at) => <Cell key={at}>{inline(cell.tokens)}</Cell>);
  return (
    <div class="table">
      <table>
        <thead>
          <tr>{row(table.header, 'th')}</tr>
        </thead>
        <tbody>
          {table.rows.map((cells, at) => (
            <tr key={at}>{row(cells, 'td')}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[] | undefined): ComponentChildren {
  return tokens?.map((token, at) => <Span key={at} token={token as Tokens.Generic} />);
}

function Span({ token }: { readonly token: Tokens.Generic }): VNode {
  const inner = token.tokens ? inline(token.tokens) : unescaped(token.text ?? token.raw);
  switch (token.type) {
    case 'strong':
      return <strong>{inner}</strong>;
    case 'em':
      return <em>{inner}</em>;
    case 'del':
      return <del>{inner}</del>;
    case 'codespan':
      return <code>{unescaped(token.text)}</code>;
    case 'br':
      return <br />;
    case 'link':
      return <Link address={String(token.href)}>{inner}</Link>;
    case 'image':
      // A picture would be fetched from wherever the model says.
      return <span>{token.text || token.raw}</span>;
    case 'html':
      return <>{token.raw}</>;
    default:
      return <>{inner}</>;
  }
}

function Link({
  address,
  children,
}: {
  readonly address: string;
  readonly children: ComponentChildren;
}): VNode {
  if (!/^https?:\/\//i.test(address)) return <>{children}</>;
  return (
    <a href={address} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  );
}

/** The library escapes for HTML, which is not made here. */
function unescaped(text: string): string {
  const marks: Readonly<Record<string, string>> = {
    '&lt;': '<',
    '&gt;': '>',
    '&quot;': '"',
    '&#39;': "'",
    '&amp;': '&',
  };
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (mark) => marks[mark] ?? mark);
}
