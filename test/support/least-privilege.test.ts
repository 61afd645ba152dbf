import { expect, test } from 'vitest';
import { statementsFor } from './least-privilege.ts';

const account = "'t_user'@'127.0.0.1'";

test('names and password are replaced in the printed statements, and nothing else', () => {
  const printed = `
-- panel is the panel's database.
CREATE USER 'panel_sidecar'@'10.0.0.%' IDENTIFIED BY 'choose; one';
GRANT SELECT (id, uuid) ON panel.users TO 'panel_sidecar'@'10.0.0.%';
GRANT SELECT,
      INSERT ON \`panel\`.\`api_keys\`
   TO 'panel_sidecar'@'10.0.0.%';
`;

  expect(statementsFor(printed, 't_db', account, 'secret')).toEqual([
    "CREATE USER 't_user'@'127.0.0.1' IDENTIFIED BY 'secret'",
    "GRANT SELECT (id, uuid) ON `t_db`.users TO 't_user'@'127.0.0.1'",
    "GRANT SELECT,\n      INSERT ON `t_db`.`api_keys`\n   TO 't_user'@'127.0.0.1'",
  ]);
});

test('a statement without an account is refused rather than run', () => {
  expect(() => statementsFor('GRANT ALL ON *.* TO somebody;', 't_db', account, 'secret')).toThrow(
    "the README's least-privilege block names no account in: GRANT ALL ON *.* TO somebody",
  );
});
