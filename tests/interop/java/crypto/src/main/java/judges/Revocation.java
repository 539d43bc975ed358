package judges;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;

import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.Req;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Another maker's lists and answers, and another's verdict on chains with revocation lists. Times are POSIX seconds. */
final class Revocation {
    private Revocation() {
    }

    private static ContentSigner signer(byte[] pkcs8, String algorithm) throws Exception {
        PrivateKey key = KeyFactory.getInstance("EC", "BC").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        return new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key);
    }

    private static Date time(String seconds) {
        return new Date(Long.parseLong(seconds) * 1000);
    }

    /** Answer a request: key, algorithm, responder's certificate, request, status, this and next update, file. */
    static String answer(byte[] key, String algorithm, X509Certificate responder, byte[] request, List<String> rest) throws Exception {
        OCSPReq asked = new OCSPReq(request);
        X509CertificateHolder holder = new JcaX509CertificateHolder(responder);
        BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(new RespID(holder.getSubject()));
        CertificateStatus status = switch (rest.get(0)) {
            case "good" -> CertificateStatus.GOOD;
            case "revoked" -> new RevokedStatus(time(rest.get(1)), CRLReason.keyCompromise);
            default -> new UnknownStatus();
        };
        for (Req one : asked.getRequestList()) {
            builder.addResponse(one.getCertID(), status, time(rest.get(1)), time(rest.get(2)), null);
        }
        Extension nonce = asked.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
        if (nonce != null) {
            builder.setResponseExtensions(new Extensions(nonce));
        }
        byte[] response = new OCSPRespBuilder().build(OCSPRespBuilder.SUCCESSFUL, builder.build(
                signer(key, algorithm), new X509CertificateHolder[] {holder}, time(rest.get(1)))).getEncoded();
        Files.write(Paths.get(rest.get(3)), response);
        return rest.get(3);
    }

    /** Make a list: key, algorithm, CA, this and next update, what it is on (all, users, cas or a URL), file, serial numbers. */
    static String list(byte[] key, String algorithm, X509Certificate ca, List<String> rest) throws Exception {
        X509v2CRLBuilder builder = new X509v2CRLBuilder(new JcaX509CertificateHolder(ca).getSubject(), time(rest.get(0)));
        builder.setNextUpdate(time(rest.get(1)));
        String scope = rest.get(2);
        if (!scope.equals("all")) {
            DistributionPointName point = scope.contains(":") ? new DistributionPointName(
                    new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, scope))) : null;
            builder.addExtension(Extension.issuingDistributionPoint, true, new IssuingDistributionPoint(
                    point, scope.equals("users"), scope.equals("cas"), null, false, false));
        }
        for (String serial : rest.subList(4, rest.size())) {
            builder.addCRLEntry(new BigInteger(serial), time(rest.get(0)), CRLReason.keyCompromise);
        }
        Files.write(Paths.get(rest.get(3)), builder.build(signer(key, algorithm)).getEncoded());
        return rest.get(3);
    }

    /** Is a certificate below an anchor good at a time by these lists (PKIX with revocation)? */
    static String path(X509Certificate leaf, X509Certificate anchor, String seconds, List<String> files) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509", "BC");
        List<X509CRL> lists = new ArrayList<>();
        for (String file : files) {
            lists.add((X509CRL) factory.generateCRL(new ByteArrayInputStream(Files.readAllBytes(Paths.get(file)))));
        }
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
        parameters.setDate(time(seconds));
        parameters.setRevocationEnabled(true);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists), "BC"));
        CertPathValidator.getInstance("PKIX", "BC").validate(factory.generateCertPath(List.of(leaf)), parameters);
        return "good";
    }
}
