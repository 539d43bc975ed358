package judges;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.security.spec.AlgorithmParameterSpec;
import java.util.Arrays;
import java.util.List;

import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1PrintableString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.jcajce.spec.SM2ParameterSpec;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/**
 * Judge of cryptography: BouncyCastle reads our SM2 certificates, CRLs, requests, e-seals and e-seal signatures
 * (GB/T 38540, GM/T 0031) and says whether each signature is right. One command a line, as in Forms.
 */
public final class Crypto {
    private static final PrintStream OUT = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
    private static final AlgorithmParameterSpec ID = new SM2ParameterSpec("1234567812345678".getBytes(StandardCharsets.US_ASCII));
    private static final String SM2_WITH_SM3 = "1.2.156.10197.1.501";

    public static void main(String[] args) throws Exception {
        System.setOut(System.err);
        Security.addProvider(new BouncyCastleProvider());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t");
            String answer;
            try {
                answer = "ok\t" + run(words);
            } catch (Throwable e) {
                answer = "no\t" + e;
            }
            OUT.println(answer.replace("\n", " ").replace("\r", " "));
        }
    }

    private static String run(String[] words) throws Exception {
        return switch (words[0]) {
            case "certificate" -> certificate(read(words[1]), read(words[2]));
            case "crl" -> crl(read(words[1]), read(words[2]));
            case "request" -> request(read(words[1]));
            case "seal" -> seal(ASN1Sequence.getInstance(read(words[1])));
            case "seal-signature" -> sealSignature(read(words[1]), read(words[2]), words[3]);
            case "timestamp" -> Trusted.timestamp(read(words[1]), read(words[2]), load(read(words[3])));
            case "timestamp-response" -> Trusted.response(read(words[1]), read(words[2]), read(words[3]), load(read(words[4])));
            case "ocsp" -> Trusted.ocsp(read(words[1]), load(read(words[2])), load(read(words[3])));
            case "ocsp-make" -> Revocation.answer(read(words[1]), words[2], load(read(words[3])), read(words[4]), List.of(words).subList(5, words.length));
            case "crl-make" -> Revocation.list(read(words[1]), words[2], load(read(words[3])), List.of(words).subList(4, words.length));
            case "path" -> Revocation.path(load(read(words[1])), load(read(words[2])), words[3], List.of(words).subList(4, words.length));
            case "evidence" -> Evidence.record(read(words[1]), read(words[2]));
            case "evidence-root" -> Evidence.root(words[1], List.of(words).subList(2, words.length));
            case "evidence-make" -> Evidence.make(words[1], read(words[2]), List.of(words).subList(3, words.length));
            default -> throw new IllegalArgumentException("unknown command " + words[0]);
        };
    }

    private static byte[] read(String path) throws Exception {
        return Files.readAllBytes(Paths.get(path));
    }

    static X509Certificate load(byte[] der) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(new ByteArrayInputStream(der));
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    private static boolean sm2(PublicKey key, byte[] message, byte[] signature) throws Exception {
        Signature verifier = Signature.getInstance("SM3withSM2", "BC");
        verifier.setParameter(ID);
        verifier.initVerify(key);
        verifier.update(message);
        return verifier.verify(signature);
    }

    /** A certificate and its issuer's: names and signature. */
    static String certificate(byte[] leafDer, byte[] issuerDer) throws Exception {
        X509Certificate leaf = load(leafDer);
        X509Certificate issuer = load(issuerDer);
        require(Arrays.equals(leaf.getIssuerX500Principal().getEncoded(), issuer.getSubjectX500Principal().getEncoded()), "names differ");
        if (SM2_WITH_SM3.equals(leaf.getSigAlgOID())) {
            require(sm2(issuer.getPublicKey(), leaf.getTBSCertificate(), leaf.getSignature()), "bad SM2 signature");
        } else {
            leaf.verify(issuer.getPublicKey(), "BC");
        }
        return leaf.getSubjectX500Principal().getName();
    }

    private static String crl(byte[] crlDer, byte[] issuerDer) throws Exception {
        X509CRL list = (X509CRL) CertificateFactory.getInstance("X.509", "BC").generateCRL(new ByteArrayInputStream(crlDer));
        X509Certificate issuer = load(issuerDer);
        require(Arrays.equals(list.getIssuerX500Principal().getEncoded(), issuer.getSubjectX500Principal().getEncoded()), "names differ");
        if (SM2_WITH_SM3.equals(list.getSigAlgOID())) {
            require(sm2(issuer.getPublicKey(), list.getTBSCertList(), list.getSignature()), "bad SM2 signature");
        } else {
            list.verify(issuer.getPublicKey(), "BC");
        }
        return list.getThisUpdate() + " " + list.getNextUpdate();
    }

    /** A certificate request: its own key's signature, and what it asks for. */
    private static String request(byte[] der) throws Exception {
        JcaPKCS10CertificationRequest request = new JcaPKCS10CertificationRequest(der);
        require(Arrays.equals(request.getEncoded(), der), "not DER");
        byte[] info = request.toASN1Structure().getCertificationRequestInfo().getEncoded("DER");
        if (SM2_WITH_SM3.equals(request.getSignatureAlgorithm().getAlgorithm().getId())) {
            require(sm2(request.getPublicKey(), info, request.getSignature()), "bad SM2 signature");
        } else {
            require(request.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(request.getPublicKey())), "bad signature");
        }
        Extensions asked = request.getRequestedExtensions();
        String code = ASN1PrintableString.getInstance(asked.getExtension(new ASN1ObjectIdentifier("1.2.156.10260.4.4")).getParsedValue()).getString();
        return request.getSubject() + " " + KeyUsage.fromExtensions(asked) + " " + code;
    }

    /** SESeal: the maker's signature, in versions 4 and 5 over eSealInfo, in version 1 over eSealInfo, certificate and algorithm. */
    private static String seal(ASN1Sequence seal) throws Exception {
        ASN1Sequence info = ASN1Sequence.getInstance(seal.getObjectAt(0));
        ASN1Sequence maker = seal.size() == 2 ? ASN1Sequence.getInstance(seal.getObjectAt(1)) : new DERSequence(new ASN1Encodable[] {
            seal.getObjectAt(1), seal.getObjectAt(2), seal.getObjectAt(3)});
        String version = ASN1Sequence.getInstance(info.getObjectAt(0)).getObjectAt(1).toString();
        require(seal.size() == 2 || seal.size() == 4 || seal.size() == 5 && version.equals("5"), "parts of a seal");
        X509Certificate certificate = load(ASN1OctetString.getInstance(maker.getObjectAt(0)).getOctets());
        require(ASN1ObjectIdentifier.getInstance(maker.getObjectAt(1)).getId().equals(SM2_WITH_SM3), "algorithm");
        ASN1Sequence signed = seal.size() == 2 ? new DERSequence(new ASN1Encodable[] {info, maker.getObjectAt(0), maker.getObjectAt(1)}) : info;
        require(sm2(certificate.getPublicKey(), signed.getEncoded("DER"), ASN1BitString.getInstance(maker.getObjectAt(2)).getOctets()), "bad maker's signature");
        return "v" + version + " " + certificate.getSubjectX500Principal().getName();
    }

    /** SES_Signature (versions 4 and 5) beside its Signature.xml: seal, digest, path, and the signature over toSign. */
    private static String sealSignature(byte[] signatureDer, byte[] signatureXml, String path) throws Exception {
        ASN1Sequence all = ASN1Sequence.getInstance(signatureDer);
        require(Arrays.equals(all.getEncoded("DER"), signatureDer), "not DER");
        ASN1Sequence toSign = ASN1Sequence.getInstance(all.getObjectAt(0));
        String sealed = seal(ASN1Sequence.getInstance(toSign.getObjectAt(1)));
        require(sealed.startsWith("v" + toSign.getObjectAt(0) + " "), "seal and signature of two versions");
        byte[] digest = MessageDigest.getInstance("SM3", "BC").digest(signatureXml);
        require(Arrays.equals(ASN1BitString.getInstance(toSign.getObjectAt(3)).getOctets(), digest), "dataHash");
        require(ASN1IA5String.getInstance(toSign.getObjectAt(4)).getString().equals(path), "propertyInfo");
        X509Certificate signer = load(ASN1OctetString.getInstance(all.getObjectAt(1)).getOctets());
        byte[] signature = ASN1BitString.getInstance(all.getObjectAt(3)).getOctets();
        require(sm2(signer.getPublicKey(), toSign.getEncoded("DER"), signature), "bad signer's signature");
        return signer.getSubjectX500Principal().getName();
    }
}
