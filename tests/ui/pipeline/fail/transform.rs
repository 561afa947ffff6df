use fennel::prelude::*;

fennel::owner!("shop@example.com");

#[dataset(index)]
pub struct Account {
    #[field(key)]
    pub uid: i64,
    pub amount: f64,
    pub at: DateTime<Utc>,
}

#[derive(Record)]
struct Taken {
    uid: i64,
    amount: f64,
    at: DateTime<Utc>,
}

#[derive(Record)]
struct Other {
    uid: i64,
    amount: i64,
    at: DateTime<Utc>,
}

#[derive(Record)]
struct Misspelt {
    uid: i64,
    amuont: f64,
}

/// N089
#[derive(Record)]
struct TextKey {
    uid: String,
    amount: f64,
    at: DateTime<Utc>,
}

/// N091, N327
#[derive(Record)]
struct NoKey {
    user: i64,
    amount: f64,
    at: DateTime<Utc>,
}

/// N092
#[derive(Record)]
struct NoTime {
    uid: i64,
    amount: f64,
}

/// N441
#[derive(Record)]
struct TimeAsNumber {
    uid: i64,
    amount: f64,
    at: i64,
}

/// N090
#[derive(Record)]
struct WholeAmount {
    uid: i64,
    amount: i64,
    at: DateTime<Utc>,
}

#[transform]
fn text_key(row: Taken) -> TextKey {
    TextKey { uid: row.uid.to_string(), amount: row.amount, at: row.at }
}

#[transform]
fn no_key(row: Taken) -> NoKey {
    NoKey { user: row.uid, amount: row.amount, at: row.at }
}

#[transform]
fn no_time(row: Taken) -> NoTime {
    NoTime { uid: row.uid, amount: row.amount }
}

#[transform]
fn time_as_number(row: Taken) -> TimeAsNumber {
    TimeAsNumber { uid: row.uid, amount: row.amount, at: 0 }
}

#[transform]
fn whole_amount(row: Taken) -> WholeAmount {
    WholeAmount { uid: row.uid, amount: 1, at: row.at }
}

#[transform]
fn of_whole_amounts(row: Other) -> Other {
    row
}

#[transform]
fn misspelt(row: Misspelt) -> Taken {
    Taken { uid: row.uid, amount: row.amuont, at: DateTime::UNIX_EPOCH }
}

#[transform]
fn to_a_number(row: Taken) -> i64 {
    row.uid
}

#[pipeline]
fn changes_the_key(accounts: Account) -> Account {
    accounts.transform(text_key)
}

#[pipeline]
fn loses_the_key(accounts: Account) -> Account {
    accounts.transform(no_key)
}

#[pipeline]
fn loses_the_time(accounts: Account) -> Account {
    accounts.transform(no_time)
}

#[pipeline]
fn counts_the_time(accounts: Account) -> Account {
    accounts.transform(time_as_number)
}

#[pipeline]
fn makes_another_type(accounts: Account) -> Account {
    accounts.transform(whole_amount)
}

#[pipeline]
fn takes_another_type(accounts: Account) -> Account {
    accounts.transform(of_whole_amounts)
}

#[pipeline]
fn takes_what_is_not_there(accounts: Account) -> Account {
    accounts.transform(misspelt)
}

#[pipeline]
fn makes_no_record(accounts: Account) -> Account {
    accounts.transform(to_a_number)
}

#[pipeline]
fn names_no_function(accounts: Account) -> Account {
    accounts.transform()
}

#[pipeline]
fn computes_instead(accounts: Account) -> Account {
    accounts.transform(amount * 2.0)
}

#[transform]
fn of_two(row: Taken, other: Taken) -> Taken {
    drop(other);
    row
}

#[transform]
struct NoFunction;

fn main() {}
