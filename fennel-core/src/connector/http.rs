//! HTTP: rows are posted to a server.

use super::account::{check_name, check_secret, check_text, unnamed};
use super::read::{another, read_secret, write, write_needed};
use super::table::no_feed;
use super::{
    Certificate, Connector, Decoded, Reader, Secret, Setting, SinkKind, Traits, Variables,
};
use crate::entity::Cdc;
use crate::message::{Check, Message, ensure};
use crate::text::eq;
use crate::wire::proto::connector::http::HostVariant;
use crate::wire::proto::connector::sensitive_datum::SensitiveDatumVariant;
use crate::wire::proto::connector::{self as proto, ExtDatabase, ext_database};

/// A server that rows are posted to.
///
/// ```
/// use fennel_core::connector::{Certificate, Http};
///
/// static RECEIVER: Http = Http::new("receiver")
///     .host("https://receiver.example.com")
///     .healthz("/up")
///     .ca_cert(Certificate::pem("-----BEGIN CERTIFICATE-----"));
///
/// let spend = RECEIVER.path("ingest/spend").limit(500).header("X-Team", "risk");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Http<'a> {
    /// The name, which tells it from all other systems.
    pub name: &'a str,
    /// The address.
    pub host: Option<Secret<'a>>,
    /// The path that answers when the server is well.
    pub healthz: &'a str,
    /// The certificate that the server is known by.
    pub ca_cert: Option<Certificate<'a>>,
}

impl<'a> Http<'a> {
    const LABEL: &'static str = "HTTP";

    /// A server of that name.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Http {
            name,
            host: None,
            healthz: "",
            ca_cert: None,
        }
    }

    /// The address, such as `https://receiver.example.com`. It is not shown, since it may hold a
    /// credential.
    #[must_use]
    pub const fn host(mut self, host: &'a str) -> Self {
        self.host = Some(Secret::plain(host));
        self
    }

    /// The address, where it is a secret.
    #[must_use]
    pub const fn secret_host(mut self, host: Secret<'a>) -> Self {
        self.host = Some(host);
        self
    }

    /// The path that answers when the server is well.
    #[must_use]
    pub const fn healthz(mut self, path: &'a str) -> Self {
        self.healthz = path;
        self
    }

    /// The certificate that the server is known by.
    #[must_use]
    pub const fn ca_cert(mut self, certificate: Certificate<'a>) -> Self {
        self.ca_cert = Some(certificate);
        self
    }

    /// One of its paths.
    #[must_use]
    pub const fn path(&self, path: &'a str) -> HttpPath<'a> {
        HttpPath {
            http: *self,
            path,
            limit: None,
            headers: [("", ""); MAX_HEADERS],
            count: 0,
        }
    }

    /// The server without a path, which [`Connector::check`] refuses with what to write.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        self.path("").connector()
    }
}

/// The most headers of a path.
const MAX_HEADERS: usize = 8;

/// One path of a server.
#[derive(Clone, Copy)]
pub struct HttpPath<'a> {
    /// The server.
    pub http: Http<'a>,
    /// The path.
    pub path: &'a str,
    /// The most rows of one request.
    pub limit: Option<u32>,
    headers: [(&'a str, &'a str); MAX_HEADERS],
    count: usize,
}

impl<'a> HttpPath<'a> {
    pub(super) const TRAITS: Traits = Traits {
        key: "http",
        label: Http::LABEL,
        polled: false,
        sink: SinkKind::Events,
    };

    /// The most rows of one request.
    #[must_use]
    pub const fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// A header of each request; up to eight. Its value is not shown.
    #[must_use]
    pub const fn header(mut self, name: &'a str, value: &'a str) -> Self {
        if self.count < MAX_HEADERS {
            self.headers[self.count] = (name, value);
        }
        self.count += 1;
        self
    }

    /// The headers of each request: names and values. A value may be a credential.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.headers.into_iter().take(self.count)
    }

    /// The path as a sink's connector.
    #[must_use]
    pub const fn connector(self) -> Connector<'a> {
        Connector::Http(self)
    }

    pub(super) const fn name(&self) -> &'a str {
        self.http.name
    }

    pub(super) const fn cursor_column(&self) -> Option<&'a str> {
        None
    }

    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        let certificate = self.http.ca_cert.map(|certificate| certificate.0);
        let mut settings = vec![
            Setting::secret("host", self.http.host),
            Setting::access("healthz", self.http.healthz),
            Setting::secret("ca_cert", certificate),
        ];
        settings.retain(Setting::is_set);
        settings
    }

    pub(super) fn facts(&self) -> Vec<Setting<'a>> {
        let mut facts = vec![Setting::content("path", self.path)];
        facts.extend(self.limit.map(|limit| Setting::content("limit", limit)));
        // As the protocol has them: in the order of their names.
        let mut headers: Vec<_> = self.headers().collect();
        headers.sort_by_key(|(name, _)| *name);
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        let values = headers.iter().map(|(_, value)| *value);
        facts.push(Setting::content("headers", names.join(", ")).hiding(values));
        facts.retain(Setting::is_set);
        facts
    }

    pub(super) const fn check_account(&self) -> Check {
        let http = &self.http;
        ensure!(check_name(Http::LABEL, http.name));
        ensure!(check_secret(
            Http::LABEL,
            http.name,
            "host",
            &http.host,
            true
        ));
        ensure!(check_text(Http::LABEL, http.name, "healthz", http.healthz));
        match &http.ca_cert {
            Some(certificate) => {
                let secret = Some(certificate.0);
                check_secret(Http::LABEL, http.name, "ca_cert", &secret, false)
            }
            None => Ok(()),
        }
    }

    pub(super) const fn check(&self) -> Check {
        if self.path.is_empty() {
            return Err(unnamed(
                Http::LABEL,
                self.http.name,
                "paths",
                ".path(\"ingest/spend\")",
            ));
        }
        if matches!(self.limit, Some(0)) {
            return Err(Message::new(
                "a request with at most 0 rows has none: give a higher limit",
            ));
        }
        if self.count > MAX_HEADERS {
            return Err(too_many_headers());
        }
        let mut i = 0;
        while i < self.count {
            let mut j = 0;
            while j < i {
                if eq(self.headers[j].0, self.headers[i].0) {
                    return Err(Message::new("header ")
                        .name(self.headers[i].0)
                        .text(" is given twice"));
                }
                j += 1;
            }
            if self.headers[i].0.is_empty() {
                return Err(Message::new("a header needs a name"));
            }
            i += 1;
        }
        Ok(())
    }

    pub(super) const fn check_source(&self) -> Check {
        Err(Message::new(
            "rows are posted to HTTP and not read from it: it is for `#[sink]` alone",
        ))
    }

    pub(super) const fn check_sink(&self) -> Check {
        Ok(())
    }

    pub(super) const fn check_cdc(&self, cdc: Cdc) -> Check {
        match cdc {
            Cdc::Native => Err(no_feed(Http::LABEL)),
            Cdc::Append | Cdc::Upsert | Cdc::Debezium => Ok(()),
        }
    }

    pub(super) const fn check_nested(&self) -> Check {
        Ok(())
    }

    pub(super) fn database(&self, variables: &Variables) -> ext_database::Variant {
        let certificate = self.http.ca_cert.map(|certificate| certificate.0);
        let certificate = write(
            certificate,
            variables,
            SensitiveDatumVariant::Secret,
            SensitiveDatumVariant::SecretRef,
        );
        ext_database::Variant::Http(proto::Http {
            healthz: self.http.healthz.into(),
            ca_cert: certificate.map(|certificate| proto::SensitiveDatum {
                sensitive_datum_variant: Some(certificate),
            }),
            host_variant: write_needed(
                self.http.host,
                variables,
                HostVariant::Host,
                HostVariant::HostSecret,
            ),
        })
    }

    pub(super) fn table(&self, db: Option<ExtDatabase>, _: &Variables) -> proto::HttpPath {
        let headers = self.headers();
        let headers = headers.map(|(name, value)| (name.into(), value.into()));
        proto::HttpPath {
            db,
            endpoint: self.path.into(),
            limit: self.limit,
            headers: headers.collect(),
        }
    }

    pub(super) fn read(reader: Reader<'a>, path: &proto::HttpPath) -> Decoded<Self> {
        let (name, settings) = reader.system(path.db.as_ref())?;
        let Some(ext_database::Variant::Http(http)) = settings else {
            return another("a path of an HTTP server", name);
        };
        let certificate = http.ca_cert.as_ref();
        let certificate = certificate.and_then(|certificate| {
            read_secret!(
                reader,
                certificate.sensitive_datum_variant,
                SensitiveDatumVariant::{Secret, SecretRef}
            )
        });
        let system = Http {
            host: read_secret!(reader, http.host_variant, HostVariant::{Host, HostSecret}),
            healthz: reader.text(&http.healthz),
            ca_cert: certificate.map(Certificate),
            ..Http::new(name)
        };
        if path.headers.len() > MAX_HEADERS {
            return Err(too_many_headers().to_string());
        }
        let named = HttpPath {
            limit: path.limit,
            ..system.path(reader.text(&path.endpoint))
        };
        let headers = path.headers.iter();
        Ok(headers.fold(named, |path, (name, value)| {
            path.header(reader.text(name), reader.text(value))
        }))
    }
}

/// Without the headers' values.
impl core::fmt::Debug for HttpPath<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names: Vec<_> = self.headers().map(|(name, _)| name).collect();
        f.debug_struct("HttpPath")
            .field("http", &self.http)
            .field("path", &self.path)
            .field("limit", &self.limit)
            .field("headers", &names)
            .finish()
    }
}

const fn too_many_headers() -> Message {
    Message::new("a path has more than ")
        .int(MAX_HEADERS as i64)
        .text(" headers, which is the most")
}
