package judges;

import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Date;

import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampToken;

/** Judge of what a third party says: timestamps (RFC 3161) and certificate status (RFC 6960), with SM2 too. */
final class Trusted {
    private Trusted() {
    }

    /** A token over a message, signed by the holder of a certificate for that; the answer is its time in seconds. */
    static String timestamp(byte[] token, byte[] message, X509Certificate tsa) throws Exception {
        return judged(new TimeStampToken(ContentInfo.getInstance(token)), message, tsa);
    }

    /** The response to a request, and its token. */
    static String response(byte[] response, byte[] request, byte[] message, X509Certificate tsa) throws Exception {
        TimeStampResponse read = new TimeStampResponse(response);
        read.validate(new TimeStampRequest(request));
        return judged(read.getTimeStampToken(), message, tsa);
    }

    private static String judged(TimeStampToken token, byte[] message, X509Certificate tsa) throws Exception {
        token.validate(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(tsa));
        byte[] digest = MessageDigest.getInstance(token.getTimeStampInfo().getMessageImprintAlgOID().getId(), "BC").digest(message);
        Crypto.require(Arrays.equals(digest, token.getTimeStampInfo().getMessageImprintDigest()), "another message");
        Date time = token.getTimeStampInfo().getGenTime();
        tsa.checkValidity(time);
        return Long.toString(time.getTime() / 1000);
    }

    /** An answer on a certificate, signed by its CA or by who may for it: good, unknown, or revoked with the reason's number. */
    static String ocsp(byte[] response, X509Certificate leaf, X509Certificate issuer) throws Exception {
        BasicOCSPResp basic = (BasicOCSPResp) new OCSPResp(response).getResponseObject();
        X509CertificateHolder ca = new JcaX509CertificateHolder(issuer);
        X509CertificateHolder signer = ca;
        if (basic.getCerts().length > 0) {
            signer = basic.getCerts()[0];
            Crypto.certificate(signer.getEncoded(), issuer.getEncoded());
            Crypto.require(Crypto.load(signer.getEncoded()).getExtendedKeyUsage().contains("1.3.6.1.5.5.7.3.9"), "not a responder");
        }
        Crypto.require(basic.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(signer)), "bad signature");
        DigestCalculatorProvider digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        for (SingleResp one : basic.getResponses()) {
            if (one.getCertID().getSerialNumber().equals(leaf.getSerialNumber()) && one.getCertID().matchesIssuer(ca, digests)) {
                return told(one.getCertStatus());
            }
        }
        throw new IllegalStateException("nothing is said of the certificate");
    }

    private static String told(CertificateStatus status) {
        if (status == CertificateStatus.GOOD) {
            return "good";
        }
        return status instanceof RevokedStatus revoked ? "revoked " + (revoked.hasRevocationReason() ? revoked.getRevocationReason() : 0) : "unknown";
    }
}
