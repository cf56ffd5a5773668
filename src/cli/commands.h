/* The run functions of all subcommands; each is in cmd_<first word>.c. They take the parsed command line and
 * return the exit code. */
#pragma once

struct cli;

int cmd_init(struct cli *cli);
int cmd_serve(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_reload(struct cli *cli);
int cmd_stop(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_help(struct cli *cli);

int cmd_user_add(struct cli *cli);
int cmd_user_import(struct cli *cli);
int cmd_user_list(struct cli *cli);
int cmd_user_show(struct cli *cli);
int cmd_user_password(struct cli *cli);
int cmd_user_change(struct cli *cli);
int cmd_user_disable(struct cli *cli);
int cmd_user_enable(struct cli *cli);
int cmd_user_remove(struct cli *cli);

int cmd_invite_create(struct cli *cli);
int cmd_invite_list(struct cli *cli);
int cmd_invite_revoke(struct cli *cli);

int cmd_mail_list(struct cli *cli);
int cmd_mail_show(struct cli *cli);
int cmd_mail_retry(struct cli *cli);
int cmd_mail_drop(struct cli *cli);
int cmd_mail_test(struct cli *cli);

int cmd_session_list(struct cli *cli);
int cmd_session_close(struct cli *cli);

/* cmd_clients_judge.c */
int cmd_clients_judge(struct cli *cli);
/* cmd_clients.c, cmd_clients_posture.c, cmd_clients_hashes.c: laggards exits 1 when there are some. */
int cmd_clients_list(struct cli *cli);
int cmd_clients_show(struct cli *cli);
int cmd_clients_laggards(struct cli *cli);
int cmd_clients_export(struct cli *cli);
int cmd_clients_posture(struct cli *cli);
int cmd_clients_hashes(struct cli *cli);
int cmd_clients_refused(struct cli *cli);
int cmd_devices_list(struct cli *cli);
int cmd_devices_show(struct cli *cli);
int cmd_devices_logout(struct cli *cli);
int cmd_devices_revoke(struct cli *cli);
int cmd_devices_waiting(struct cli *cli);
int cmd_devices_confirm(struct cli *cli);

int cmd_flood_list(struct cli *cli);
int cmd_flood_silence(struct cli *cli);
int cmd_flood_release(struct cli *cli);

int cmd_lockdown_on(struct cli *cli);
int cmd_lockdown_extend(struct cli *cli);
int cmd_lockdown_off(struct cli *cli);
int cmd_lockdown_status(struct cli *cli);
int cmd_lockdown_rehearse(struct cli *cli);

int cmd_config_check(struct cli *cli);
int cmd_config_show(struct cli *cli);

/* cmd_policy.c: exit 1 when the policy is not in order, or when the text would be blocked. */
int cmd_policy_check(struct cli *cli);
int cmd_policy_test(struct cli *cli);

/* Rules about clients: they change policy/clients and have a running server read it. */
int cmd_clients_rules(struct cli *cli);
int cmd_clients_rules_show(struct cli *cli);
int cmd_clients_catalogue(struct cli *cli);
int cmd_clients_enforce(struct cli *cli);
int cmd_clients_drop(struct cli *cli);
int cmd_clients_deny(struct cli *cli);
int cmd_clients_allow(struct cli *cli);
int cmd_clients_advisory_import(struct cli *cli);
int cmd_clients_advisory_list(struct cli *cli);
int cmd_clients_advisory_show(struct cli *cli);

int cmd_record_tail(struct cli *cli);
int cmd_record_show(struct cli *cli);
int cmd_record_verify(struct cli *cli);
int cmd_record_seal(struct cli *cli);

int cmd_backup(struct cli *cli);
/* Exit 1: something is there already, or what was to be restored is damaged. */
int cmd_restore(struct cli *cli);

int cmd_export(struct cli *cli);
int cmd_import(struct cli *cli);
