import { expect, test } from 'vitest';
import { postgresStatementsFor, statementsFor } from './least-privilege.ts';

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

test('for PostgreSQL the names are a role and a database', () => {
  const printed = `
-- panel_sidecar is a role.
CREATE ROLE panel_sidecar LOGIN PASSWORD 'choose; one';
GRANT CONNECT ON DATABASE panel TO panel_sidecar;
GRANT SELECT (id, panel) ON public.users TO panel_sidecar;
`;

  expect(postgresStatementsFor(printed, 't_db', 't_role', 'secret')).toEqual([
    "CREATE ROLE t_role LOGIN PASSWORD 'secret'",
    'GRANT CONNECT ON DATABASE t_db TO t_role',
    'GRANT SELECT (id, panel) ON public.users TO t_role',
  ]);
});

test('a statement without an account is refused rather than run', () => {
  expect(() => statementsFor('GRANT ALL ON *.* TO somebody;', 't_db', account, 'secret')).toThrow(
    'the printed block names no account in: GRANT ALL ON *.* TO somebody',
  );
});
