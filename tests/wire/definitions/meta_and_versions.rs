use fennel::prelude::*;
use fennel_core::entity::Descriptor;

fennel::owner!("platform@nimbus.io");

static CRM: Webhook = Webhook::new("crm").retention("30d");

#[meta(description = "Accounts as the CRM sees them", tags = ["crm", "pii"])]
#[source(CRM.endpoint("accounts"), disorder = "3d", cdc = upsert)]
#[dataset(version = 3, history = "90d", index)]
struct Account {
    /// Primary key of the account
    #[field(key, erase_key)]
    account_id: i64,
    /// Two-line
    /// comment on a field
    #[meta(owner = "privacy@nimbus.io", description = "login email", tags = ["pii"])]
    email: String,
    plan: Option<String>,
    #[field(timestamp)]
    #[meta(description = "event time")]
    changed_at: DateTime<Utc>,
}

#[meta(owner = "growth@nimbus.io", tags = ["derived"], deprecated)]
#[dataset(version = 2, history = "1y 6w", index)]
struct PaidAccount {
    #[field(key)]
    account_id: i64,
    email: String,
    plan: String,
    changed_at: DateTime<Utc>,
}

#[meta(owner = "pipeliner@nimbus.io", description = "keeps paying accounts", tags = ["etl"])]
#[pipeline]
fn keep_paying(accounts: Account) -> PaidAccount {
    accounts.dropnull(plan).filter(plan != "free")
}

#[featureset]
#[meta(description = "features of an account", tags = ["online"])]
struct AccountFeatures {
    /// which account
    account_id: i64,
    /// taken from the comment
    #[feature(PaidAccount::email, version = 4)]
    email: Option<String>,
    #[feature(PaidAccount::plan, default = "none", version = 2)]
    #[meta(
        owner = "growth@nimbus.io",
        description = "plan or none",
        tags = ["model-a", "model-b"],
        deprecated = true
    )]
    plan: String,
    #[feature(PaidAccount::changed_at)]
    #[meta(deleted)]
    retired: Option<DateTime<Utc>>,
}

pub(crate) fn entities() -> [Descriptor<'static>; 3] {
    fennel::entities![Account, PaidAccount, AccountFeatures]
}
