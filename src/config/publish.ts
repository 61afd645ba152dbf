import { stringify } from 'yaml';
import { describeAllowed, settingFields, settingSections } from './fields.ts';

const width = 100;

/** The commented configuration file: every setting at its default, with what it does and may be. */
export function publishSettings(): string {
  const sections = settingSections.map(({ name, description }) => {
    const fields = settingFields.filter(({ section }) => section === name);
    const lines = fields.map((field) => {
      const variable = field.variable === null ? '' : ` Environment: ${field.variable}.`;
      const comment = `${field.description} Allowed: ${describeAllowed(field.schema)}.${variable}`;
      const value = stringify(
        { [field.name]: field.default },
        { flowCollectionPadding: false, collectionStyle: 'flow' },
      );
      return `${wrap(comment, '  # ')}\n  ${value
        .trim()
        .replace(/^\{(.*)\}$/s, '$1')
        .trim()}\n`;
    });
    return `# ${description}\n${name}:\n${lines.join('\n')}`;
  });
  const head = wrap(
    'Settings of panel-sidecar, each at its default. What the panel itself knows (APP_KEY, its database, its rate limit, ...) is read from the panel and has no place here.',
    '# ',
  );
  return `${head}\n\n${sections.join('\n')}`;
}

function wrap(text: string, prefix: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && prefix.length + line.length + 1 + word.length > width) {
      lines.push(prefix + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, prefix + line].join('\n');
}
